public import ChatKernel

/// What a SQLite store promises of what it has acknowledged.
public enum SQLiteDurability: String, Sendable, CaseIterable {
    /// Survives a crash of the process, not the loss of power: the last commits may then be missing, whole.
    case written
    /// Survives the loss of power, as far as the disk tells the truth about its syncs.
    case synced
}

/// The settings of a store of type `sqlite`.
public struct SQLiteStoreSettings: Decodable, Sendable {
    /// The database file. Made if it is not there; its folder must exist. In a config relative to the config's folder,
    /// or to the data folder where there is no config.
    public var path: String
    /// Default `synced`. `written` costs no sync: faster alone, little faster in large batches.
    public var durability: SQLiteDurability

    public init(path: String, durability: SQLiteDurability = .synced) {
        self.path = path
        self.durability = durability
    }

    private enum CodingKeys: String, CodingKey {
        case path
        case durability
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        path = try container.decode(String.self, forKey: .path)
        let word = try container.decodeIfPresent(String.self, forKey: .durability) ?? SQLiteDurability.synced.rawValue
        guard let durability = SQLiteDurability(rawValue: word) else {
            let allowed = SQLiteDurability.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
            throw DecodingError.dataCorruptedError(
                forKey: .durability, in: container, debugDescription: "must be \(allowed), not \"\(word)\"")
        }
        self.durability = durability
    }
}

/// Makes SQLite stores from a config's `{"type": "sqlite", …}`.
public enum SQLiteStoreAdapter: StoreAdapter {
    public typealias Settings = SQLiteStoreSettings

    public static let type = "sqlite"

    public static func guarantees(of settings: SQLiteStoreSettings) -> StoreGuarantees? {
        SQLiteStore.guarantees(settings.durability)
    }

    public static func open(_ settings: SQLiteStoreSettings, in context: AdapterContext) async throws -> any Store {
        var settings = settings
        settings.path = context.resolve(settings.path)
        return try await SQLiteStore.open(
            settings, exclusive: context.purpose == .serving, log: context.log)
    }
}
