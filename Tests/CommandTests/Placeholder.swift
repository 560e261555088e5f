@testable import Command
