import Torch

/// Names the task in a settings file.
public let ganTaskName = "gan"
