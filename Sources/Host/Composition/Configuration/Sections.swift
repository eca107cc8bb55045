import ChatKernel
import ChatNet
import ChatWire

/// The config's `http`.
struct HTTPSection: Decodable, Sendable {
    /// Where the shared listener binds: `address:port`; port 0 for any. Loopback by default: to be reachable from
    /// elsewhere is a decision.
    var listen = "127.0.0.1:8000"
    /// None by default: plain HTTP.
    var tls: TLSSection?
    /// Other origins whose pages may call REST and open WebSockets, such as `https://app.example.org`; the host's own
    /// always may. None by default. See ``AllowedOrigin``.
    var allowedOrigins: [String] = []
    /// Event loops; 0 for one on two cores, and one fewer than the cores on more.
    var loops = 0
    /// How long a stop waits for what is under way, in seconds.
    var drainSeconds = 5

    private enum CodingKeys: String, CodingKey {
        case listen
        case tls
        case allowedOrigins
        case loops
        case drainSeconds
    }

    init() {}

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        listen = try values.decodeIfPresent(String.self, forKey: .listen) ?? listen
        tls = try values.decodeIfPresent(TLSSection.self, forKey: .tls)
        allowedOrigins =
            try values.decodeIfPresent([AllowedOrigin].self, forKey: .allowedOrigins)?.map(\.text) ?? allowedOrigins
        loops = try values.number(.loops, in: 0...64, default: loops)
        drainSeconds = try values.number(.drainSeconds, in: 0...300, default: drainSeconds)
        guard (try? ListenAddress(listen)) != nil else {
            throw DecodingError.dataCorruptedError(
                forKey: .listen, in: values, debugDescription: "must be address:port, such as 127.0.0.1:8000")
        }
    }
}

/// The config's `limits`. 0 means no limit.
struct LimitsSection: Decodable, Sendable {
    var connections = 20_000
    var connectionsPerUser = 64
    var connectionsPerAddress = 4096
    var conversationsPerUser = 10_000
    var membersPerConversation = 10_000
    var messagesPerUserPerSecond = 100
    var passwordAttemptsPerMinute = 10
    var registrationsPerAddressPerMinute = 60
    var messageBytes = 65_536
    var messagesKeptDays = 0
    var messagesKept = 0

    private enum CodingKeys: String, CodingKey {
        case connections
        case connectionsPerUser
        case connectionsPerAddress
        case conversationsPerUser
        case membersPerConversation
        case messagesPerUserPerSecond
        case passwordAttemptsPerMinute
        case registrationsPerAddressPerMinute
        case messageBytes
        case messagesKeptDays
        case messagesKept
    }

    init() {}

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let many = 0...100_000_000
        connections = try values.number(.connections, in: many, default: connections)
        connectionsPerUser = try values.number(.connectionsPerUser, in: many, default: connectionsPerUser)
        connectionsPerAddress = try values.number(.connectionsPerAddress, in: many, default: connectionsPerAddress)
        conversationsPerUser = try values.number(.conversationsPerUser, in: many, default: conversationsPerUser)
        membersPerConversation = try values.number(.membersPerConversation, in: many, default: membersPerConversation)
        messagesPerUserPerSecond = try values.number(
            .messagesPerUserPerSecond, in: 0...1_000_000, default: messagesPerUserPerSecond)
        passwordAttemptsPerMinute = try values.number(
            .passwordAttemptsPerMinute, in: 0...1_000_000, default: passwordAttemptsPerMinute)
        registrationsPerAddressPerMinute = try values.number(
            .registrationsPerAddressPerMinute, in: 0...1_000_000, default: registrationsPerAddressPerMinute)
        messageBytes = try values.number(.messageBytes, in: 0...524_288, default: messageBytes)
        if messageBytes == 0 { messageBytes = 524_288 }
        messagesKeptDays = try values.number(.messagesKeptDays, in: 0...Retention.mostDays, default: messagesKeptDays)
        messagesKept = try values.number(.messagesKept, in: 0...Retention.mostMessages, default: messagesKept)
    }
}

/// The config's `require`: what the host must be able to promise, or not start.
struct RequireSection: Decodable, Sendable {
    var resume: Bool?
    var durability: Durability?

    private enum CodingKeys: String, CodingKey {
        case resume
        case durability
    }

    init() {}

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        resume = try values.decodeIfPresent(Bool.self, forKey: .resume)
        if let word = try values.decodeIfPresent(String.self, forKey: .durability) {
            guard let known = Durability(rawValue: word) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .durability, in: values,
                    debugDescription: "must be one of "
                        + Durability.allCases.map(\.rawValue).joined(separator: ", "))
            }
            durability = known
        }
    }
}

/// The config's `log`.
struct LogSection: Decodable, Sendable {
    /// `auto`: text on a terminal, JSON otherwise.
    enum Form: String, CaseIterable {
        case auto
        case text
        case json
    }

    var level = LogLevel.info
    var form = Form.auto

    private enum CodingKeys: String, CodingKey {
        case level
        case form
    }

    init() {}

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        level = try values.word(.level, default: level)
        form = try values.word(.form, default: form)
    }
}

extension KeyedDecodingContainer {
    /// One of a few words.
    func word<W: RawRepresentable & CaseIterable>(_ key: Key, default standard: W) throws -> W
    where W.RawValue == String {
        guard let text = try decodeIfPresent(String.self, forKey: key) else { return standard }
        guard let word = W(rawValue: text) else {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: self,
                debugDescription: "must be one of " + W.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return word
    }
}
