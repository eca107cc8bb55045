import ChatKernel

/// What an account made for a token is called. Pure.
enum UsernameChoice {
    /// The first of the token's names that keeps the rules, then the same with a number, then with something random.
    /// Ten at most.
    static func candidates(for claims: Claims, random: String) -> [String] {
        let wishes = claims.names + [claims.subject.text]
        let base = wishes.lazy.compactMap { try? AccountRules.username($0) }.first ?? "user"
        let suffixes = [""] + (2...9).map { "-\($0)" } + ["-\(random)"]
        return suffixes.map { shortened(base, toFit: $0) + $0 }
    }

    private static func shortened(_ base: String, toFit suffix: String) -> String {
        var base = base
        while base.utf8.count + suffix.utf8.count > AccountRules.usernameLimit, !base.isEmpty { base.removeLast() }
        return base
    }
}
