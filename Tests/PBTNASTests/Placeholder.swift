@testable import PBTNAS
