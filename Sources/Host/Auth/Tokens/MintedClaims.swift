import ChatKernel

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
        var text = "{\"sub\":\(JSONLiteral.text(user.id.text)),\"username\":\(JSONLiteral.text(user.username))"
        text += ",\"iat\":\(issuedAt),\"exp\":\(expiresAt),\"jti\":\(JSONLiteral.text(tokenID))"
        if let issuer { text += ",\"iss\":\(JSONLiteral.text(issuer))" }
        if let audience { text += ",\"aud\":\(JSONLiteral.text(audience))" }
        return Array((text + "}").utf8)
    }
}
