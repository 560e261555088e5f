@testable import Torch
