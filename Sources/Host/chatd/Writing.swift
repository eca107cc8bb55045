import CLinux

/// Why something could not be written, in the system's words.
struct WriteFailure: Error, CustomStringConvertible {
    let description: String

    /// The last call's.
    init() { description = unsafe String(cString: strerror(chat_errno())) }
}

/// Writes all of a text to a descriptor.
/// - Throws: when it is not taken, or not all of it: the disk is full, nobody reads the pipe any more.
func write(_ text: String, to descriptor: Int32) throws(WriteFailure) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = unsafe bytes.withUnsafeBytes { unsafe CLinux.write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { throw WriteFailure() }
        bytes = bytes.dropFirst(count)
    }
}
