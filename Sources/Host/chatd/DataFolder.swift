import CLinux

/// The folder of a host without a config: nobody else's business, so nobody else may look.
enum DataFolder {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func make(_ path: String) throws(Failure) {
        guard unsafe mkdir(path, 0o700) != 0, chat_errno() != EEXIST else { return }
        throw Failure(description: "The data folder \(path) cannot be made: \(WriteFailure())")
    }
}
