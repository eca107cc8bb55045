import CLinux
import COpenSSL

// Reading a certificate and its key into an OpenSSL context, with a sentence for whatever is wrong.
extension TLSCredentials {
    /// - Throws: what is wrong with either file, or with both.
    static func load(
        _ settings: TLSContext.Settings, into context: OpaquePointer
    ) throws(TLSProblems) -> TLSCertificate {
        var problems: [TLSProblem] = []
        var warnings: [TLSProblem] = []
        var lastDay = ""

        func attempt(_ part: TLSProblem.Part, _ work: () throws(Complaint) -> Void) {
            do throws(Complaint) {
                try work()
            } catch {
                problems.append(TLSProblem(part: part, detail: error.detail))
            }
        }

        attempt(.certificate) { () throws(Complaint) in
            let file = try PEMFile(settings.certificatePath)
            let (day, warning) = unsafe try file.useChain(in: context)
            lastDay = day
            if let warning { warnings.append(TLSProblem(part: .certificate, detail: warning)) }
        }
        attempt(.privateKey) { () throws(Complaint) in
            let file = try PEMFile(settings.privateKeyPath)
            unsafe try file.useKey(in: context, matching: problems.isEmpty)
            if file.isOpenToAll {
                warnings.append(
                    TLSProblem(
                        part: .privateKey, detail: "the file \(settings.privateKeyPath) can be read by everybody"))
            }
        }
        guard problems.isEmpty else { throw TLSProblems(all: problems) }
        return TLSCertificate(lastDay: lastDay, warnings: warnings)
    }
}

extension TLSTrust {
    /// Has the context trust the certificates of a file.
    static func load(_ path: String, into context: OpaquePointer) throws(Problem) {
        do throws(Complaint) {
            unsafe try PEMFile(path).useAuthorities(in: context)
        } catch {
            throw Problem(description: error.detail)
        }
    }
}

private struct Complaint: Error {
    let detail: String
}

/// Bytes that may be a key: wiped when they go.
@safe
private final class SecretBytes {
    let all: UnsafeMutableRawBufferPointer
    init(count: Int) { unsafe all = .allocate(byteCount: count, alignment: 16) }

    deinit {
        unsafe OPENSSL_cleanse(all.baseAddress, all.count)
        unsafe all.deallocate()
    }
}

/// A file with PEM in it, read as a whole.
private struct PEMFile {
    private let bytes: SecretBytes
    private let count: Int
    private let path: String
    /// Whether others than the owner and its group may read it.
    let isOpenToAll: Bool

    /// More than any chain has.
    private static let limit: off_t = 1 << 20

    init(_ path: String) throws(Complaint) {
        func failure() -> Complaint {
            Complaint(detail: "the file \(path) cannot be read: \(SystemError.text(of: chat_errno()))")
        }
        // Nonblocking, so that a pipe of that name is an error and not a wait.
        let file = unsafe Descriptor(owning: chat_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0))
        guard file.number >= 0 else { throw failure() }
        var status = stat()
        guard unsafe fstat(file.number, &status) == 0 else { throw failure() }
        guard status.st_mode & mode_t(S_IFMT) == mode_t(S_IFREG) else {
            throw Complaint(detail: "\(path) is not a file")
        }
        guard status.st_size <= Self.limit else { throw Complaint(detail: "the file \(path) is too large to be it") }
        self.path = path
        isOpenToAll = status.st_mode & 0o004 != 0
        bytes = SecretBytes(count: Int(status.st_size))
        var filled = 0
        while unsafe filled < bytes.all.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes.all[filled...])
            let count = unsafe read(file.number, rest.baseAddress, rest.count)
            guard count >= 0 else { throw failure() }
            if count == 0 { break }
            filled += count
        }
        count = filled
    }

    /// Reads through the file as OpenSSL does.
    private func reading<T>(_ body: (OpaquePointer) throws(Complaint) -> T) throws(Complaint) -> T {
        defer { ERR_clear_error() }
        guard let bio = unsafe BIO_new_mem_buf(bytes.all.baseAddress, Int32(truncatingIfNeeded: count)) else {
            throw Complaint(detail: "OpenSSL has no memory")
        }
        defer { unsafe BIO_free(bio) }
        return unsafe try body(bio)
    }

    /// The certificate, then the chain to a root. The last day it is valid, and what is to be said of it.
    func useChain(in context: OpaquePointer) throws(Complaint) -> (lastDay: String, warning: String?) {
        unsafe try reading { bio throws(Complaint) in
            guard let leaf = unsafe PEM_read_bio_X509(bio, nil, noPassPhrase, nil) else {
                throw Complaint(detail: "the file \(path) has no PEM certificate (\"-----BEGIN CERTIFICATE-----\")")
            }
            defer { unsafe X509_free(leaf) }
            guard unsafe SSL_CTX_use_certificate(context, leaf) == 1 else {
                throw Complaint(detail: "OpenSSL refuses the certificate of \(path): \(OpenSSLText.lastReason())")
            }
            while let next = unsafe PEM_read_bio_X509(bio, nil, noPassPhrase, nil) {
                // Takes it over, or leaves it to us.
                guard unsafe SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 0, UnsafeMutableRawPointer(next)) == 1 else {
                    unsafe X509_free(next)
                    throw Complaint(detail: "OpenSSL refuses the chain of \(path): \(OpenSSLText.lastReason())")
                }
            }
            let end = unsafe X509_get0_notAfter(leaf)
            let lastDay = unsafe Self.day(end)
            if unsafe X509_cmp_current_time(end) < 0 { return (lastDay, "expired on \(lastDay)") }
            let start = unsafe X509_get0_notBefore(leaf)
            if unsafe X509_cmp_current_time(start) > 0 {
                return (lastDay, "is not valid before \(unsafe Self.day(start))")
            }
            return (lastDay, nil)
        }
    }

    /// - Parameter matching: whether there is a certificate that it must belong to.
    func useKey(in context: OpaquePointer, matching: Bool) throws(Complaint) {
        unsafe try reading { bio throws(Complaint) in
            guard let key = unsafe PEM_read_bio_PrivateKey(bio, nil, noPassPhrase, nil) else {
                throw Complaint(
                    detail: "the file \(path) has no PEM private key without a pass phrase "
                        + "(\"-----BEGIN PRIVATE KEY-----\")")
            }
            defer { unsafe EVP_PKEY_free(key) }
            guard matching else { return }
            // Fails for a key that does not belong to the certificate, which is there already.
            guard unsafe SSL_CTX_use_PrivateKey(context, key) == 1, unsafe SSL_CTX_check_private_key(context) == 1
            else {
                throw Complaint(detail: "the key of \(path) is not the certificate's: \(OpenSSLText.lastReason())")
            }
        }
    }

    /// All certificates, as those of authorities.
    func useAuthorities(in context: OpaquePointer) throws(Complaint) {
        unsafe try reading { bio throws(Complaint) in
            let store = unsafe SSL_CTX_get_cert_store(context)
            var isEmpty = true
            while let authority = unsafe PEM_read_bio_X509(bio, nil, noPassPhrase, nil) {
                defer { unsafe X509_free(authority) }
                guard unsafe X509_STORE_add_cert(store, authority) == 1 else {
                    throw Complaint(detail: "OpenSSL refuses a certificate of \(path): \(OpenSSLText.lastReason())")
                }
                isEmpty = false
            }
            guard !isEmpty else {
                throw Complaint(detail: "the file \(path) has no PEM certificate (\"-----BEGIN CERTIFICATE-----\")")
            }
        }
    }

    private static func day(_ time: UnsafePointer<ASN1_TIME>?) -> String {
        var parts = unsafe tm()
        guard let time = unsafe time, unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return "an unknown day" }
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (year, month, day) = unsafe (Int(parts.tm_year) + 1900, parts.tm_mon + 1, parts.tm_mday)
        return "\(year)-\(two(month))-\(two(day))"
    }
}

/// Without a callback OpenSSL would ask the terminal for a pass phrase.
private func noPassPhrase(
    _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, _: UnsafeMutableRawPointer?
) -> Int32 { -1 }
