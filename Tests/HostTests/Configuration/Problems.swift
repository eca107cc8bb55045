import ChatHost

/// What is wrong with a config, a line each; nothing for a good one.
func problems(
    _ text: String, environment: [String: String] = [:], catalog: AdapterCatalog = .standard
) -> [String] {
    problems(Array(text.utf8), environment: environment, catalog: catalog)
}

/// The same of bytes that need not be text.
func problems(
    _ bytes: [UInt8], environment: [String: String] = [:], catalog: AdapterCatalog = .standard
) -> [String] {
    do throws(ConfigProblems) {
        _ = try HostConfiguration(parsing: bytes, directory: "/", environment: environment, catalog: catalog)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

/// A good config with something more in it.
func with(_ more: String) -> String {
    #"{ "store": { "type": "memory" }, "transports": [ { "type": "rest" } ], \#(more) }"#
}
