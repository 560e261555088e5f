import Testing

/// One after the other: some count the tensors that are alive in the process.
@Suite(.serialized) enum NetworkTests {}
