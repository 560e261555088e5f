import Tasks

extension FuzzTarget {
  /// Images and labels in idx files, compressed or not.
  static let idx = FuzzTarget(name: "idx", longestInput: 4096) { input in
    ScratchFolder.withFile("input-idx-ubyte.gz", input) { path in
      for rank in [1, 3] {
        attempt {
          let file = try IDXFile(path: path, rank: rank)
          precondition(file.dimensions.count == rank && file.dimensions.reduce(1, *) == file.bytes.count)
        }
      }
    }
  }

  /// PNG files.
  static let picture = FuzzTarget(name: "picture", longestInput: 4096) { input in
    ScratchFolder.withFile("input.png", input) { path in
      let picture = try Picture(path: path)
      precondition(picture.pixels.count == picture.width * picture.height * picture.channels)
    }
  }
}
