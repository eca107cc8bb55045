import Synchronization

/// The server's side of TLS: its certificate and key, and what it agrees to. Shared by all connections, and swapped under them.
///
/// Agreed to are TLS 1.2 and 1.3 with OpenSSL's defaults at security level 2; of 1.2 only forward secrecy with
/// authenticated encryption. There is no renegotiation, no compression and no early data. Sessions are resumed by tickets,
/// whose keys live as long as the certificate they came with is in use.
public final class TLSContext: Sendable {
    /// Where the certificate is, and what else an operator may choose.
    public struct Settings: Sendable {
        public enum Version: String, CaseIterable, Sendable {
            case tls12 = "1.2"
            case tls13 = "1.3"
        }

        /// PEM: the server's certificate, then those that lead to a root.
        public var certificatePath: String
        /// PEM, without a pass phrase.
        public var privateKeyPath: String
        /// The oldest version agreed to.
        public var minimumVersion = Version.tls12
        /// Protocols for ALPN (RFC 7301), the best first, at most 255 bytes each. A client that offers others only is refused
        /// (`no_application_protocol`); one that offers none at all is not.
        public var applicationProtocols: [String] = []

        public init(certificatePath: String, privateKeyPath: String) {
            self.certificatePath = certificatePath
            self.privateKeyPath = privateKeyPath
        }
    }

    private let settings: Settings
    private let current: Mutex<TLSCredentials>

    /// Reads and checks the files: that they are there, are PEM, belong together and are strong enough.
    /// - Throws: everything that is wrong with them.
    public init(_ settings: Settings) throws(TLSProblems) {
        self.settings = settings
        current = Mutex(try TLSCredentials(settings))
    }

    /// Reads and checks the files again. Connections from now on get what is new, those under way keep theirs. When it throws,
    /// all stays as it was.
    public func reload() throws(TLSProblems) {
        let fresh = try TLSCredentials(settings)
        // The old ones are let go outside of the lock: with them a whole OpenSSL context may go.
        _ = current.withLock { current in
            let old = current
            current = fresh
            return old
        }
    }

    /// The certificate in use, and what an operator should know of it.
    public var certificate: TLSCertificate { credentials.certificate }

    var credentials: TLSCredentials { current.withLock { $0 } }
}

/// What is to be known of a certificate in use.
public struct TLSCertificate: Sendable, Equatable {
    /// The last day it is valid, as `2027-01-31`.
    public var lastDay: String
    /// Sentences an operator should read: it has expired, is not valid yet, or others can read its key.
    public var warnings: [TLSProblem]
}

/// Something about one of the two files.
public struct TLSProblem: Error, Sendable, Equatable {
    public enum Part: Sendable {
        case certificate
        case privateKey
    }

    public var part: Part
    /// What is the matter, as it stands behind the setting's name: `the file key.pem cannot be read: …`.
    public var detail: String

    public init(part: Part, detail: String) {
        self.part = part
        self.detail = detail
    }
}

/// Everything that is wrong with a certificate and its key.
public struct TLSProblems: Error, Sendable, Equatable {
    public var all: [TLSProblem]
}
