public import Glibc

/// A certificate that signs itself, and its key, in two files that are gone with this object.
public final class CertificateFiles: Sendable {
    public let certificatePath: String
    public let privateKeyPath: String

    public init(_ made: TestCertificate = TestCertificate()) throws {
        let base = "/tmp/chat-tests-" + String(UInt64.random(in: .min ... .max), radix: 36)
        certificatePath = base + "-chain.pem"
        privateKeyPath = base + "-key.pem"
        try write(made)
    }

    deinit {
        unsafe unlink(certificatePath)
        unsafe unlink(privateKeyPath)
    }

    public func write(_ made: TestCertificate) throws {
        try Self.write(made.certificate, to: certificatePath)
        try Self.write(made.privateKey, to: privateKeyPath)
    }

    public static func write(_ text: String, to path: String, mode: mode_t = 0o600) throws {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        defer { close(file) }
        let bytes = Array(text.utf8)
        let count = unsafe Glibc.write(file, bytes, bytes.count)
        guard count == bytes.count else { throw FileTrouble(path: path, code: errno) }
        fchmod(file, mode)
    }

    /// A file could not be written, and the `errno` of that.
    public struct FileTrouble: Error {
        public let path: String
        public let code: Int32
    }
}
