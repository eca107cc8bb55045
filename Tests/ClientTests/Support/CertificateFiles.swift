import FoundationEssentials
import TLSTesting

/// A certificate that signs itself, and its key, in files that are gone with this object.
final class CertificateFiles: Sendable {
    let chain: String
    let key: String
    private let folder: TemporaryFolder

    init(_ made: TestCertificate = TestCertificate()) throws {
        folder = try TemporaryFolder()
        chain = folder.path + "/chain.pem"
        key = folder.path + "/key.pem"
        try Data(made.certificate.utf8).write(to: URL(filePath: chain))
        try Data(made.privateKey.utf8).write(to: URL(filePath: key))
    }
}
