import ChatWire

@testable import ChatAuth

/// The key pairs of RFC 7515 (A.2, A.3) and RFC 8037 (A.1), written as PEM, and a secret.
enum Keys {
    static let secret = Array("a secret of thirty-two bytes ...".utf8)

    static func hmac(_ algorithm: TokenAlgorithm = .hs256, _ secret: [UInt8] = secret) throws -> HMACKey {
        try HMACKey(secret: secret, algorithm: algorithm)
    }

    static func rsa(_ half: AsymmetricKey.Half = .private) throws -> RSAKey {
        try RSAKey(AsymmetricKey(pem: Array((half == .private ? rsaPrivate : rsaPublic).utf8), half: half))
    }

    static func ecdsa(_ half: AsymmetricKey.Half = .private) throws -> ECDSAKey {
        try ECDSAKey(AsymmetricKey(pem: Array((half == .private ? ecPrivate : ecPublic).utf8), half: half))
    }

    static func edDSA(_ half: AsymmetricKey.Half = .private) throws -> EdDSAKey {
        try EdDSAKey(AsymmetricKey(pem: Array((half == .private ? edPrivate : edPublic).utf8), half: half))
    }

    /// The secret without a `kid`, and three public keys with one.
    static func ring() throws -> KeyRing {
        let hmac = try hmac()
        return KeyRing([
            .init(id: nil, algorithm: .hs256, verifier: hmac, signer: hmac),
            .init(id: "rsa", algorithm: .rs256, verifier: try rsa(.public), signer: nil),
            .init(id: "ec", algorithm: .es256, verifier: try ecdsa(.public), signer: nil),
            .init(id: "ed", algorithm: .edDSA, verifier: try edDSA(.public), signer: nil),
        ])
    }

    static let rsaPrivate = """
        -----BEGIN PRIVATE KEY-----
        MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCh+BYK4uPJtGXO
        jS1lYmM2K5J9vinh8CR3/BYlzJChNuOL2TSXxbbqY913EeZ8dCn5VrD7io8ImtxL
        aYk8wTM/U+3QGbh3hCUv7JFP5IV3aVlL6kKA0ywPVb9ilE8TA5a8bpvfbr3SvaNn
        juygxmj3AbONv/s4yDQs4v5tJ/reSlpIdJed1LnPmt7Ex1sFhSwsD174pcF1A5L5
        ROjtZMEQxrZHYJqkeDrrnGya11UxMFBji4NmXG9veoKjlnAqH2QbgtPr8jkiGUkf
        toaHLFcW9Qr4NY2ai50Xw0Byj3+H2JoY2PyrZ62EWQwuz3WTOTY8BwNNb2BvniHg
        VFbK5emhAgMBAAECggEAEq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyW
        PEAeP88vLNO97IjlA7/GQ5sLKMgvfTeXZx9SE+7YwVol2NXOoAJe46sui395IW/G
        O+pWJ1O0BkTGoVEn2bKVRUCgu+GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzj
        kn439X0M/V51gfpRLI9JYanrC4D4qAdGcopV/0ZHHzQlBjudU2QvXt4ehNYTCBr6
        XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl/x/jTj3ccPDVZFD9pIuhLhBOneufuBiB
        4cS98l2SR/RQyGWSeWjnczT0QU91p1DhOVRuOopznQKBgQDgHMQQ60imZV1URk0K
        pLttoLhyt3SmqdEf/kgHePDdtzEafpAu+cS191R2JiuoF2yzWXnwFDcqGigp5BNr
        0AHQfD8/Lk8l1Mk09jxxCfui5nYooNyac8YFjm3vItzVCVDnEd3BbVWG8qf6deqE
        lMGAg+C2V0L4oNXnP7LZcPAZRwKBgQC5A8R+CZW2MvRTLLHzwZkUXV866cff7tx6
        kqa0finGG0KgeqlaZPxgCZnFp7AeAcCMtiynVlJ7vMVgePsLq6XtON4tB5kP9jAP
        rq3rbAOal78eUH5OcED6eNuCV8ixEu1eWcPNCS/l1OW1EnXUEoEHKl54Xrrz2uNw
        kgMTP1FZ1wKBgAcCn1dwJKufzBWQxWQp1vsM5fggqPN1qGb5y0MAk3g7/Ls5bkUp
        5u9SN0Ai3Ya6hNnvWJMb7sXQX6U/zyO2M/hTip7tUeh7CXgwo59dkpN75gJLVds2
        9+DAncu3KXU4f2Fa+7bLNrur53k8KwPOq2bbuTG69QtV7Jr5MR0AHWKNAoGBAIf/
        evpitUf+4JYbLpvNXWcY052Mpz22aR84mY3nh3F2LF2mjMJDpTg7FmuyPcVw6EcG
        yoAe9fa65iNqCq+jdw6PVNGo2hxfjSiZ8IIzHdsPXI89//pMjZcQK9r+CCoRjaZj
        OYiIDktVWZzmevJuv6WywUqd57LE3Zar3dLSIkx1AoGAIYd7DHOhrWvxkwPQsRM2
        tOgrjbcrfvtQJipd+DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd/QJQ3
        ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp/gh6A56
        03k2+ZQwVK0JKSHuLFkuQ3U=
        -----END PRIVATE KEY-----
        """
    static let rsaPublic = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj
        NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz
        P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo
        9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB
        EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX
        FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp
        oQIDAQAB
        -----END PUBLIC KEY-----
        """
    static let ecPrivate = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff
        H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp
        7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt
        -----END PRIVATE KEY-----
        """
    static let ecPublic = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7
        6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
        -----END PUBLIC KEY-----
        """
    static let edPrivate = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
        -----END PRIVATE KEY-----
        """
    static let edPublic = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
        -----END PUBLIC KEY-----
        """
    /// RSA, 1024 bits.
    static let weakPublic = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCu+pVnbHNLPPNC1ws5eyHs0/rl
        QGTn3XasDF0JwYVxBCIXH/oeGiwBLI/zFy90EJlrFdZkPpLwbwKewRfihbIikmH2
        KoeUf6pq0jSfXCVCSI3lXcpfiOO269yg0eUkPI50lEAlvf3SzAgfSFMt/mTbwcuP
        c/nufU5lKgzmF/O9yQIDAQAB
        -----END PUBLIC KEY-----
        """
    static let p384Public = """
        -----BEGIN PUBLIC KEY-----
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEn5KKJf8XCGC5S7GTInyReQ6Ucz0pp1zf
        +5U7+AV7WE9Wb8rUlXVhVNzMD9tmOlPZPAq0xpx43K1u8F6pLuNP2ZS5axQ7Fzjr
        OHVE6ZnTTO5tO/ljZAhnv5JCaeKYDUrI
        -----END PUBLIC KEY-----
        """
    /// With a pass phrase.
    static let encryptedPrivate = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIH0MF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBBdKArZcs1OdLZiEak/
        jUCNAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQj9zQJqTKXVP9jXcx
        AgugZgSBkH5jBLWuoE6LhBAn1i7VkuFwT8HGUEmXlb77TNbABrIPU2J1dNg3YCxY
        pO6VDZ/QKMtG96fM53jtUDnjfk/w4Au96mfkrC1twV5eN/4Oa2jnt9tdns9WVhDD
        gesjA6rg6t3pL5AcoEkn9W16p17Pfm5AS4VA/ZHBsEwTK9sGFVsMfEMiWM+q8Cft
        LJKwuP9DsQ==
        -----END ENCRYPTED PRIVATE KEY-----
        """
}

/// Makes tokens byte by byte, good ones and bad.
enum Forge {
    static let now: Int64 = 1_770_000_000

    /// Claims that would be accepted of `ada`, but for what is added or put in their place.
    static func claims(_ more: String = "", exp: String = "1770003600") -> String {
        "{\"sub\":\"ada\",\"exp\":\(exp)\(more.isEmpty ? "" : ",")\(more)}"
    }

    static func base64(_ text: String) -> String { base64(Array(text.utf8)) }

    static func base64(_ bytes: [UInt8]) -> String { String(decoding: Base64.url.encode(bytes), as: UTF8.self) }

    static func token(_ header: String, _ claims: String, _ signer: any Signer) throws -> String {
        try token(parts: base64(header), base64(claims), signer)
    }

    static func token(parts header: String, _ claims: String, _ signer: any Signer) throws -> String {
        let signed = "\(header).\(claims)"
        guard let signature = signer.sign(Array(signed.utf8)) else { throw CannotSign() }
        return "\(signed).\(base64(signature))"
    }

    struct CannotSign: Error {}
}
