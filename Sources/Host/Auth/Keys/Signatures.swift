/// Judges signatures of one algorithm with one key.
protocol Verifier: Sendable {
    /// Whether `signature`, in the form of RFC 7518, is this key's over `input`. Any bytes are answered.
    func isValid(_ signature: [UInt8], over input: [UInt8]) -> Bool
}

/// Makes signatures of one algorithm with one key.
protocol Signer: Verifier {
    /// The signature in the form of RFC 7518; nil when the key cannot sign.
    func sign(_ input: [UInt8]) -> [UInt8]?
}

/// Why a key cannot be used: a sentence for the operator, without any of the key in it.
struct KeyProblem: Error {
    let detail: String
}
