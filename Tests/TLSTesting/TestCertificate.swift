import COpenSSL

/// A certificate and its key, made for a test and signed by itself.
public struct TestCertificate: Sendable {
    /// PEM.
    public let certificate: String
    public let privateKey: String

    /// - Parameters:
    ///   - name: its common name.
    ///   - others: what else it is for, as OpenSSL's configuration has it; the name and this machine unless it says otherwise.
    ///   - days: from now to its end; negative for one that has expired.
    public init(_ name: String = "localhost", others: String? = nil, days: Int = 1) {
        let key = unsafe Self.makeKey()
        guard let certificate = unsafe X509_new() else { fatalError("no memory") }
        defer {
            unsafe X509_free(certificate)
            unsafe EVP_PKEY_free(key)
        }
        unsafe X509_set_version(certificate, 2)
        unsafe ASN1_INTEGER_set(X509_get_serialNumber(certificate), Int.random(in: 1...1_000_000))
        unsafe X509_gmtime_adj(X509_getm_notBefore(certificate), -86_400 * 10)
        unsafe X509_gmtime_adj(X509_getm_notAfter(certificate), 86_400 * days)
        unsafe X509_set_pubkey(certificate, key)
        let subject = unsafe X509_get_subject_name(certificate)
        unsafe X509_NAME_add_entry_by_txt(subject, "CN", Self.utf8, name, -1, -1, 0)
        unsafe X509_set_issuer_name(certificate, subject)
        let names = others ?? "DNS:\(name),IP:127.0.0.1"
        let alternatives = unsafe X509V3_EXT_nconf_nid(nil, nil, NID_subject_alt_name, names)
        unsafe X509_add_ext(certificate, alternatives, -1)
        unsafe X509_EXTENSION_free(alternatives)
        unsafe X509_sign(certificate, key, EVP_sha256())
        self.certificate = unsafe Self.text { unsafe PEM_write_bio_X509($0, certificate) }
        privateKey = unsafe Self.text { unsafe PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    }

    /// `MBSTRING_UTF8`, a macro.
    private static let utf8: Int32 = 0x1000

    /// On P-256, which is quick.
    private static func makeKey() -> OpaquePointer? {
        let context = unsafe EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        unsafe EVP_PKEY_keygen_init(context)
        unsafe EVP_PKEY_CTX_set_group_name(context, "P-256")
        unsafe EVP_PKEY_generate(context, &key)
        return unsafe key
    }

    private static func text(_ write: (OpaquePointer?) -> Int32) -> String {
        let bio = unsafe BIO_new(BIO_s_mem())
        defer { unsafe BIO_free(bio) }
        guard unsafe write(bio) == 1 else { fatalError("not written") }
        return unsafe String(decoding: drained(bio), as: UTF8.self)
    }
}

/// All that is in a memory BIO.
func drained(_ bio: OpaquePointer?) -> [UInt8] {
    var all: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 14)
    while true {
        let count = unsafe BIO_read(bio, &piece, Int32(piece.count))
        guard count > 0 else { return all }
        all += piece.prefix(Int(count))
    }
}
