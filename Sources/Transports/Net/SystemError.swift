import CLinux

/// A system call that was refused for reasons of the system.
public struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The call, such as `epoll_create1`.
    public var call: String
    /// Its `errno`.
    public var code: Int32

    public init(call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    public var description: String { "\(call): \(Self.text(of: code))" }

    /// The system's sentence for an `errno`.
    public static func text(of code: Int32) -> String {
        var text = [CChar](repeating: 0, count: 128)
        return unsafe text.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress, unsafe strerror_r(code, start, buffer.count) == 0 else {
                return "errno \(code)"
            }
            return unsafe String(cString: start)
        }
    }
}
