@testable import Safetensors
