import ChatAuth
import ChatKernel
import ChatWire
import Feeding
import FoundationEssentials

/// Any bytes as a token, and as what its parts say once they are decoded. The signatures are checked for real, with a
/// secret and three public keys, so that nothing the fuzzer makes can hold: every answer is a refusal.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJWT(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    unsafe feed(data, size) { input in
        refuse(String(decoding: input, as: UTF8.self))
        // The same with the base64 done, so that the fuzzer meets the JSON: header, line end, claims, line end, signature.
        let parts = input.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
        refuse(parts.map { String(decoding: Base64.url.encode($0), as: UTF8.self) }.joined(separator: "."))

        for base64 in [Base64.url, .standard] {
            precondition(base64.decode(base64.encode(input)) == input, "encoded and decoded is not the same")
            if let bytes = base64.decode(input) { precondition(base64.encode(bytes) == input, "a second spelling") }
        }
        checkBase64(input)

        if let claims = Claims(input) {
            precondition((1...UserID.limit).contains(claims.subject.text.utf8.count))
            precondition((0...253_402_300_799_000_000).contains(claims.expiresAt.microseconds), "exp out of range")
        }
    }
}

/// Foundation knows the padded form of the standard alphabet. It reads more spellings than we do, but not other bytes.
private func checkBase64(_ input: [UInt8]) {
    let padding = [UInt8](repeating: UInt8(ascii: "="), count: (4 - input.count % 4) % 4)
    let theirs = Data(base64Encoded: Data(input + padding)).map { [UInt8]($0) }
    let ours = Base64.standard.decode(input)
    precondition(ours == nil || ours == theirs, "Foundation decodes something else")
    let text = Data(input).base64EncodedString().utf8.filter { $0 != UInt8(ascii: "=") }
    precondition(Base64.standard.encode(input) == text, "Foundation encodes something else")
    if let theirs, Base64.standard.encode(theirs) == input { precondition(ours == theirs, "refused, and needlessly") }
    // The two alphabets differ in two letters and in nothing else.
    let urlText = text.map {
        $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0
    }
    precondition(Base64.url.encode(input) == urlText && Base64.url.decode(urlText) == input, "not the same for URLs")
}

private func refuse(_ token: String) {
    do throws(ChatError) {
        _ = try keys.verify(token, at: Timestamp(microseconds: 1_770_000_000_000_000), ClaimRules())
        preconditionFailure("a forged token was accepted")
    } catch {
        precondition(error.code == .tokenInvalid, "the claims were looked at before the signature")
    }
}

/// Made once: a new secret each run, which the seeds cannot know, and the published keys of RFC 7515 and RFC 8037.
private let keys: KeyRing = {
    do {
        let pems = [Keys.rsaPublic, Keys.ecPublic, Keys.edPublic]
        var settings = AuthSettings()
        settings.keys = [TokenAlgorithm.rs256, .es256, .edDSA].enumerated().map { index, algorithm in
            KeySettings(id: algorithm.rawValue, algorithm: algorithm, publicKey: Secret(pems[index]))
        }
        settings.secretKey = Secret(try Randomness.text(32))
        return try KeyRing(settings, sources: Secret.Sources(environment: { _ in nil }, file: { _ in nil }))
    } catch {
        preconditionFailure("\(error)")
    }
}()
