import CLinux
import ChatNet
import ScriptTesting
import TLSTesting

/// A certificate and its key in two files, gone with this object.
final class CertificateFiles: Sendable {
    let certificatePath: String
    let privateKeyPath: String

    init(_ made: TestCertificate = TestCertificate()) throws {
        let base = "/tmp/chat-net-tests-" + String(UInt64.random(in: .min ... .max), radix: 36)
        certificatePath = base + "-chain.pem"
        privateKeyPath = base + "-key.pem"
        try write(made)
    }

    deinit {
        unsafe unlink(certificatePath)
        unsafe unlink(privateKeyPath)
    }

    func write(_ made: TestCertificate) throws {
        try Self.write(made.certificate, to: certificatePath)
        try Self.write(made.privateKey, to: privateKeyPath)
    }

    static func write(_ text: String, to path: String, mode: mode_t = 0o600) throws {
        let file = unsafe Descriptor(owning: chat_open(path, O_WRONLY | O_CREAT | O_TRUNC, mode))
        var text = text
        let count = text.withUTF8 { unsafe CLinux.write(file.number, $0.baseAddress, $0.count) }
        guard count == text.utf8.count else { throw Trouble("\(path): errno \(chat_errno())") }
        fchmod(file.number, mode)
    }

    func context(_ change: (inout TLSContext.Settings) -> Void = { _ in }) throws -> TLSContext {
        var settings = TLSContext.Settings(certificatePath: certificatePath, privateKeyPath: privateKeyPath)
        settings.applicationProtocols = ["http/1.1"]
        change(&settings)
        return try TLSContext(settings)
    }
}

extension TLSClient.Options {
    static let standard = TLSClient.Options()

    /// This version and no other.
    static func only(_ version: Int32) -> TLSClient.Options {
        var options = TLSClient.Options()
        options.newest = Int(version)
        options.oldest = Int(version)
        return options
    }

    static func offering(_ protocols: String...) -> TLSClient.Options {
        var options = TLSClient.Options()
        options.protocols = protocols
        return options
    }
}
