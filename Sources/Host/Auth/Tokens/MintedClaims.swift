import ChatKernel
import ChatWire

/// What our own tokens say. Times are in whole seconds since 1970.
struct MintedClaims {
    let user: UserReference
    let issuedAt: Int64
    let expiresAt: Int64
    /// `jti`: random, so that no two tokens are the same and each can be named.
    let tokenID: String
    let issuer: String?
    let audience: String?

    var json: [UInt8] {
        var json: [UInt8] = []
        json.appendObject { claims in
            claims.member("sub", user.id.text)
            claims.member("username", user.username)
            claims.member("iat", issuedAt)
            claims.member("exp", expiresAt)
            claims.member("jti", tokenID)
            if let issuer { claims.member("iss", issuer) }
            if let audience { claims.member("aud", audience) }
        }
        return json
    }
}
