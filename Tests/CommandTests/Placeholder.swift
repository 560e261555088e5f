@testable import pbtnas
