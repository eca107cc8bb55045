/// The signature algorithms a key may have (RFC 7518 section 3.1, RFC 8037). `none` is not among them.
///
/// A key has one, given by the config; a token's `alg` is compared with it and decides nothing (RFC 8725 section 3.1).
public enum TokenAlgorithm: String, Sendable, CaseIterable, Decodable {
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"
    case rs256 = "RS256"
    case es256 = "ES256"
    case edDSA = "EdDSA"

    /// One secret both signs and verifies.
    public var isSymmetric: Bool {
        switch self {
        case .hs256, .hs384, .hs512: true
        case .rs256, .es256, .edDSA: false
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let word = try container.decode(String.self)
        guard let algorithm = Self(rawValue: word) else {
            let allowed = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "is one of \(allowed)")
        }
        self = algorithm
    }
}
