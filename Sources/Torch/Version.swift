import CTorch

/// libtorch's version, such as "2.13.0".
public let libtorchVersion = String(cString: ct_version())
