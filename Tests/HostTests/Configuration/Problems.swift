import ChatHost

/// What is wrong with a config, a line each; nothing for a good one.
func problems(
    _ text: String, environment: [String: String] = [:], catalog: AdapterCatalog = .standard
) -> [String] {
    do throws(ConfigProblems) {
        _ = try HostConfiguration(text, environment: environment, catalog: catalog)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

/// A good config with something more in it.
func with(_ more: String) -> String {
    #"{ "store": { "type": "memory" }, "transports": [ { "type": "rest" } ], \#(more) }"#
}
