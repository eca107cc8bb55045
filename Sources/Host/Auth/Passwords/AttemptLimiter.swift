import ChatKernel

/// How often passwords may be tried and accounts made. The names are those of the config's `limits`; 0 is no limit.
public struct AttemptLimits: Hashable, Sendable {
    /// More is no limit worth the name, and would only invite overflow.
    private static let most = 1_000_000

    /// Wrong passwords for one name. Ten a minute are 14,400 a day: nothing against a password that is not among the
    /// commonest, and more than anybody mistypes.
    public var passwordAttemptsPerMinute: Int
    /// Accounts made, or tried to, from one address. Sixty are a class behind one router.
    public var registrationsPerAddressPerMinute: Int

    public init(passwordAttemptsPerMinute: Int = 10, registrationsPerAddressPerMinute: Int = 60) {
        self.passwordAttemptsPerMinute = min(max(0, passwordAttemptsPerMinute), Self.most)
        self.registrationsPerAddressPerMinute = min(max(0, registrationsPerAddressPerMinute), Self.most)
    }
}

/// Judges attempts by name and by address. Pure; time is an argument, in monotonic nanoseconds.
///
/// Only failures count: whoever knows the password is let in as often as they like. Name and address are charged when an
/// attempt begins and refunded when it was right, so that a hundred guesses at once are no more than ten, and one
/// address cannot fill the line in front of the hashing thread. Behind an address may be an office whose people all
/// sign in at nine, so it is allowed ten times what a name is; what it can try in a minute on ever new names stays
/// small.
///
/// A stranger can use up a name's attempts, and so keep its owner from signing in with a password. That is the price of
/// a limit by name; tokens already given go on working.
public struct AttemptLimiter: Sendable {
    static let namesPerAddress = 10

    private var names: RateTable
    private var addresses: RateTable
    private var registrations: RateTable

    public init(_ limits: AttemptLimits, capacity: Int = 16384) {
        let attempts = limits.passwordAttemptsPerMinute
        names = RateTable(limit: attempts, capacity: capacity)
        addresses = RateTable(limit: attempts * Self.namesPerAddress, capacity: capacity)
        registrations = RateTable(limit: limits.registrationsPerAddressPerMinute, capacity: capacity)
    }

    /// Before a password is looked at.
    public mutating func attemptBegins(name: String, address: String?, at now: Int64) -> RateTable.Verdict {
        if let address, case .refused(let wait) = addresses.check(address, at: now) {
            return .refused(retryAfterMilliseconds: wait)
        }
        let verdict = names.check(name, at: now)
        if verdict == .allowed {
            names.charge(name, at: now)
            if let address { addresses.charge(address, at: now) }
        }
        return verdict
    }

    /// The password was right, or was not looked at.
    public mutating func attemptForgiven(name: String, address: String?, at now: Int64) {
        names.refund(name, at: now)
        if let address { addresses.refund(address, at: now) }
    }

    /// Before an account is made. Without an address there is no limit.
    public mutating func registrationBegins(address: String?, at now: Int64) -> RateTable.Verdict {
        guard let address else { return .allowed }
        let verdict = registrations.check(address, at: now)
        if verdict == .allowed { registrations.charge(address, at: now) }
        return verdict
    }
}
