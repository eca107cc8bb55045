import ChatNet
import TLSTesting

extension CertificateFiles {
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
