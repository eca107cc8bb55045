import ChatAuth
import ChatKernel

/// A whole config, read and checked before anything is opened.
public struct HostConfiguration: Sendable {
    let openStore: AdapterCatalog.StoreOpening
    let transports: [(name: String, guarantees: TransportGuarantees, open: AdapterCatalog.TransportOpening)]
    let storeName: String
    var auth: AuthSettings
    /// Whether the file says anything of `auth`.
    let hasAuth: Bool
    var http: HTTPSection
    let limits: LimitsSection
    let require: RequireSection
    let log: LogSection
    /// Relative paths are taken from here.
    public let directory: String

    /// What a host does without a config: SQLite in the data folder, every transport, loopback only.
    public static let standard = """
        { "store": { "type": "sqlite", "path": "chat.db" },
          "transports": [ { "type": "rest" }, { "type": "websocket" }, { "type": "long-polling" } ] }
        """

    /// Reads a config.
    /// - Parameters:
    ///   - text: the file's content.
    ///   - directory: where relative paths are taken from, absolute.
    ///   - environment: variables that win over the file: those of the FastAPI chat whose protocol profile v1 keeps,
    ///     `SECRET_KEY`, `ALGORITHM`, `ACCESS_TOKEN_EXPIRE_MINUTES` and `DATABASE_URL` (`sqlite:///path`), and `CHAT_LISTEN`.
    /// - Throws: ``ConfigProblems``, with everything that is wrong.
    public init(
        parsing text: [UInt8], directory: String, environment: [String: String],
        catalog: AdapterCatalog = .standard
    ) throws(ConfigProblems) {
        var reader = SectionReader(catalog: catalog)
        let root: [String: ConfigValue]
        do {
            guard case .object(let members) = try ConfigValue.parse(text) else {
                throw ConfigProblem(path: "", text: "the config must be an object: { … }")
            }
            root = members
        } catch let problem as ConfigProblem {
            throw ConfigProblems([problem])
        } catch {
            throw ConfigProblems([ConfigProblem(path: "", text: "not valid JSON: \(error)")])
        }
        reader.problems += DoubledKeys.problems(in: text)
        let members = reader.overridden(root, by: environment)
        reader.requireKnown(members)
        storeName = reader.type(of: members["store"]) ?? ""
        let store = reader.store(members["store"])
        transports = reader.transports(members["transports"])
        hasAuth = root["auth"] != nil
        auth = reader.section(AuthSettings.self, "auth", members) ?? AuthSettings()
        http = reader.section(HTTPSection.self, "http", members) ?? HTTPSection()
        limits = reader.section(LimitsSection.self, "limits", members) ?? LimitsSection()
        require = reader.section(RequireSection.self, "require", members) ?? RequireSection()
        log = reader.section(LogSection.self, "log", members) ?? LogSection()
        if let guarantees = store?.guarantees {
            reader.problems += Promise.unkept(
                require, by: transports.map { Promise(transport: $0.name, $0.guarantees, on: guarantees) })
        }
        guard reader.problems.isEmpty, let store else { throw ConfigProblems(reader.problems) }
        openStore = store.open
        self.directory = directory
    }
}

/// Reads one section after the other and keeps what is wrong.
private struct SectionReader {
    let catalog: AdapterCatalog
    var problems: [ConfigProblem] = []

    init(catalog: AdapterCatalog) { self.catalog = catalog }

    private static let known = ["store", "auth", "http", "transports", "limits", "require", "log"]

    mutating func requireKnown(_ members: [String: ConfigValue]) {
        for name in members.keys.sorted() where !Self.known.contains(name) {
            problems.append(
                ConfigProblem(
                    path: name, text: "is not a section; known are \(Self.known.joined(separator: ", "))"))
        }
    }

    mutating func section<T: Decodable>(
        _ type: T.Type, _ name: String, _ members: [String: ConfigValue]
    ) -> T? {
        let value = members[name] ?? .object([:])
        return keep(SettingsDecoder.decode(type, from: value, at: [AnyKey(stringValue: name)]))
    }

    func type(of value: ConfigValue?) -> String? {
        guard case .object(let members)? = value, case .string(let type)? = members["type"] else { return nil }
        return type
    }

    mutating func store(_ value: ConfigValue?) -> AdapterCatalog.PlannedStore? {
        guard let value else {
            problems.append(ConfigProblem(path: "store", text: "is needed"))
            return nil
        }
        let path = [AnyKey(stringValue: "store")]
        guard let slot = adapter(value, path, among: catalog.stores) else { return nil }
        return keep(slot.read(value, path))
    }

    mutating func transports(
        _ value: ConfigValue?
    ) -> [(name: String, guarantees: TransportGuarantees, open: AdapterCatalog.TransportOpening)] {
        guard case .array(let items)? = value, !items.isEmpty else {
            problems.append(ConfigProblem(path: "transports", text: "must be a list of at least one transport"))
            return []
        }
        var found: [(name: String, guarantees: TransportGuarantees, open: AdapterCatalog.TransportOpening)] = []
        var seen: Set<String> = []
        for (index, item) in items.enumerated() {
            let path = [AnyKey(stringValue: "transports"), AnyKey(intValue: index)]
            guard let slot = adapter(item, path, among: catalog.transports), let name = type(of: item) else {
                continue
            }
            if !seen.insert(name).inserted {
                problems.append(
                    ConfigProblem(path: SettingsDecoder.text(path), text: "there is a “\(name)” before it already"))
            }
            if let open = keep(slot.read(item, path)) { found.append((name, slot.guarantees, open)) }
        }
        return found
    }

    private mutating func adapter<Slot>(
        _ value: ConfigValue, _ path: [AnyKey], among known: [String: Slot]
    ) -> Slot? {
        let names = known.keys.sorted().joined(separator: ", ")
        let place = SettingsDecoder.text(path)
        guard case .object(let members) = value else {
            problems.append(ConfigProblem(path: place, text: "must be an object with a “type”, one of \(names)"))
            return nil
        }
        guard case .string(let type)? = members["type"] else {
            problems.append(ConfigProblem(path: place + ".type", text: "is needed: one of \(names)"))
            return nil
        }
        guard let slot = known[type] else {
            problems.append(ConfigProblem(path: place + ".type", text: "“\(type)” is not known; one of \(names)"))
            return nil
        }
        return slot
    }

    private mutating func keep<T>(_ result: Result<T, ConfigProblems>) -> T? {
        switch result {
        case .success(let value): return value
        case .failure(let failure):
            problems += failure.problems
            return nil
        }
    }

    /// The environment over the file.
    mutating func overridden(
        _ root: [String: ConfigValue], by environment: [String: String]
    ) -> [String: ConfigValue] {
        var root = root
        func set(_ section: String, _ key: String, _ value: ConfigValue) {
            switch root[section] {
            case .object(var members):
                members[key] = value
                root[section] = .object(members)
            case nil: root[section] = .object([key: value])
            // What stands there is no section, and will be told of.
            default: break
            }
        }
        if let secret = environment["SECRET_KEY"], !secret.isEmpty {
            set("auth", "secretKey", .object(["env": .string("SECRET_KEY")]))
        }
        if let algorithm = environment["ALGORITHM"], !algorithm.isEmpty {
            set("auth", "algorithm", .string(algorithm))
        }
        if let minutes = environment["ACCESS_TOKEN_EXPIRE_MINUTES"], !minutes.isEmpty {
            if let number = Int64(minutes) {
                set("auth", "accessTokenExpireMinutes", .integer(number))
            } else {
                problems.append(
                    ConfigProblem(path: "ACCESS_TOKEN_EXPIRE_MINUTES", text: "must be a whole number of minutes"))
            }
        }
        if let listen = environment["CHAT_LISTEN"], !listen.isEmpty { set("http", "listen", .string(listen)) }
        if let url = environment["DATABASE_URL"], !url.isEmpty {
            // SQLAlchemy's form: three slashes and a relative path, or four and an absolute one.
            let schemes = ["sqlite+aiosqlite:///", "sqlite:///"]
            guard let scheme = schemes.first(where: { url.hasPrefix($0) }), url.count > scheme.count else {
                problems.append(ConfigProblem(path: "DATABASE_URL", text: "must be sqlite:///path"))
                return root
            }
            var store: [String: ConfigValue] = [:]
            if case .object(let present)? = root["store"], present["type"] == .string("sqlite") { store = present }
            store["type"] = .string("sqlite")
            store["path"] = .string(String(url.dropFirst(scheme.count)))
            root["store"] = .object(store)
        }
        return root
    }
}
