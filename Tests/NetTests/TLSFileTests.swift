import ChatNet
import TLSTesting
import Testing

/// What is said of certificates and keys that will not do.
struct TLSFileTests {
    private func problems(_ files: CertificateFiles) -> [TLSProblem] {
        do throws(TLSProblems) {
            _ = try TLSContext(
                TLSContext.Settings(certificatePath: files.certificatePath, privateKeyPath: files.privateKeyPath))
            return []
        } catch {
            return error.all
        }
    }

    @Test func bothFilesAreSaidAtOnceWhenTheyAreNotThere() throws {
        let settings = TLSContext.Settings(certificatePath: "/nowhere/a.pem", privateKeyPath: "/nowhere")
        let error = #expect(throws: TLSProblems.self) { try TLSContext(settings) }
        #expect(
            error?.all == [
                TLSProblem(
                    part: .certificate,
                    detail: "the file /nowhere/a.pem cannot be read: No such file or directory"),
                TLSProblem(
                    part: .privateKey, detail: "the file /nowhere cannot be read: No such file or directory"),
            ])
        let folder = TLSContext.Settings(certificatePath: "/tmp", privateKeyPath: "/dev/null")
        let other = #expect(throws: TLSProblems.self) { try TLSContext(folder) }
        #expect(other?.all.map(\.detail) == ["/tmp is not a file", "/dev/null is not a file"])
    }

    @Test func whatIsNotPEMIsSaidSo() throws {
        let files = try CertificateFiles()
        try CertificateFiles.write("nothing of the kind", to: files.certificatePath)
        try CertificateFiles.write("", to: files.privateKeyPath)
        #expect(
            problems(files).map(\.detail) == [
                "the file \(files.certificatePath) has no PEM certificate (\"-----BEGIN CERTIFICATE-----\")",
                "the file \(files.privateKeyPath) has no PEM private key without a pass phrase "
                    + "(\"-----BEGIN PRIVATE KEY-----\")",
            ])
    }

    @Test func aKeyOfAnotherCertificateIsSaidSo() throws {
        let files = try CertificateFiles()
        try CertificateFiles.write(TestCertificate().privateKey, to: files.privateKeyPath)
        let found = problems(files)
        #expect(found.map(\.part) == [.privateKey])
        #expect(
            found.first?.detail == "the key of \(files.privateKeyPath) is not the certificate's: key values mismatch")
    }

    @Test func anExpiredCertificateAndAnOpenKeyAreWarningsOnly() throws {
        let made = TestCertificate(days: -1)
        let files = try CertificateFiles(made)
        try CertificateFiles.write(made.privateKey, to: files.privateKeyPath, mode: 0o644)
        let certificate = try files.context().certificate
        #expect(
            certificate.warnings == [
                TLSProblem(part: .certificate, detail: "expired on \(certificate.lastDay)"),
                TLSProblem(
                    part: .privateKey, detail: "the file \(files.privateKeyPath) can be read by everybody"),
            ])
        #expect(try CertificateFiles().context().certificate.warnings.isEmpty)
    }

    @Test func theChainBehindTheCertificateIsReadToo() throws {
        let (leaf, other) = (TestCertificate(), TestCertificate("an authority"))
        let files = try CertificateFiles(leaf)
        try CertificateFiles.write(leaf.certificate + other.certificate, to: files.certificatePath)
        #expect(problems(files).isEmpty)
    }
}
