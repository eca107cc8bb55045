import ChatKernel

// Who we are, and for how long: the app is asked for a token when there is none, when the one there is will end soon, and when the
// server has refused it.
extension ClientMachine {
    mutating func settleToken(now: Int64) {
        guard let tokenDue, tokenDue <= now, !isAskingForToken else { return }
        isAskingForToken = true
        actions.append(.askForToken)
    }

    mutating func take(token text: String) {
        isAskingForToken = false
        tokenDue = nil
        tokenBackoff.reset()
        token = text
        me = UserID(subjectOf: text)
        tokenSince = attempts + 1
        // A connection that stands goes on with it.
        if case .open(let number, _) = socket { actions.append(.send(number, .auth(token: text))) }
    }

    /// The app has none ever (final), or none for the time being. Without a new one the old one may do for a while.
    mutating func noToken(isFinal: Bool, now: Int64) {
        isAskingForToken = false
        if isFinal, token == nil { return end(.unauthorized) }
        tokenDue = isFinal ? nil : now + tokenBackoff.next(&dice)
    }

    /// The server did not take the token of this attempt.
    mutating func unauthorized(_ attempt: Int, now: Int64) {
        // An older token's: the one there is may be good.
        guard attempt >= tokenSince, token != nil else { return }
        token = nil
        tokenRefused(now: now)
    }

    /// A token ends by itself, however it came to be the one there is: the app has a newer one, or knows of none. A second one that the
    /// server does not take is the end.
    mutating func tokenRefused(now: Int64) {
        refusedTokens &+= 1
        guard refusedTokens < Self.refusedTokensLimit else { return end(.unauthorized) }
        tokenDue = now + tokenBackoff.next(&dice)
    }

    private static let refusedTokensLimit = 2
}
