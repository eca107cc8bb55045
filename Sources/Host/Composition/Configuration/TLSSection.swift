import ChatHTTPServer
import ChatNet
import ChatWire

/// The config's `http.tls`.
struct TLSSection: Decodable, Sendable {
    /// An address of its own, beside the plain listener. Left out, TLS is spoken at `http.listen`, and plain HTTP nowhere.
    var listen: String?
    /// PEM files: the certificate with its chain, and its key without a pass phrase.
    var certificate: String
    var privateKey: String
    /// The oldest version agreed to: `1.2` (default) or `1.3`.
    var minimumVersion = TLSContext.Settings.Version.tls12
    /// How long browsers shall come by TLS only, once they have been here (`Strict-Transport-Security`, RFC 6797); 0, the default, to
    /// say nothing. It binds the whole host name, other ports included, and cannot be taken back, so it is a decision.
    var strictTransportSecuritySeconds = 0

    private enum CodingKeys: String, CodingKey {
        case listen
        case certificate
        case privateKey
        case minimumVersion
        case strictTransportSecuritySeconds
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        listen = try values.decodeIfPresent(String.self, forKey: .listen)
        certificate = try values.decode(String.self, forKey: .certificate)
        privateKey = try values.decode(String.self, forKey: .privateKey)
        minimumVersion = try values.word(.minimumVersion, default: minimumVersion)
        strictTransportSecuritySeconds = try values.number(
            .strictTransportSecuritySeconds, in: 0...63_072_000, default: strictTransportSecuritySeconds)
        if let listen, (try? ListenAddress(listen)) == nil {
            throw DecodingError.dataCorruptedError(
                forKey: .listen, in: values, debugDescription: "must be address:port, such as 0.0.0.0:8443")
        }
    }
}

extension HostConfiguration {
    /// Reads the certificate and its key, when the config has TLS.
    func openTLS() throws(ConfigProblems) -> TLSContext? {
        guard let tls = http.tls else { return nil }
        var settings = TLSContext.Settings(
            certificatePath: absolute(tls.certificate), privateKeyPath: absolute(tls.privateKey))
        settings.minimumVersion = tls.minimumVersion
        settings.applicationProtocols = ["http/1.1"]
        do throws(TLSProblems) {
            return try TLSContext(settings)
        } catch {
            throw ConfigProblems(error.all.map(\.asConfigured))
        }
    }

    private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : directory + "/" + path }

    /// Where the host listens: first at `http.listen`, then at `http.tls.listen` if there is one.
    func listenPoints(_ context: TLSContext?) -> [ListenPoint] {
        guard let own = http.tls?.listen else { return [ListenPoint(http.listen, tls: context)] }
        return [ListenPoint(http.listen), ListenPoint(own, tls: context)]
    }

    /// The setting an address comes from that cannot be listened on.
    func setting(of error: ListenError) -> String {
        let own = http.tls?.listen.flatMap { try? ListenAddress($0) }
        return own?.description == error.address ? "http.tls.listen" : "http.listen"
    }
}

extension TLSProblem {
    /// With the path of the setting it is about.
    var asConfigured: ConfigProblem {
        let path =
            switch part {
            case .certificate: "http.tls.certificate"
            case .privateKey: "http.tls.privateKey"
            }
        return ConfigProblem(path: path, text: detail)
    }
}
