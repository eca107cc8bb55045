public import ChatAuth
public import ChatKernel
import ChatNet
import FoundationEssentials

extension HostConfiguration {
    /// Reads a file, or what a host does without one when `path` is nil.
    /// - Parameter path: relative paths in the file are taken from its folder.
    public init(
        reading path: String, environment: [String: String], catalog: AdapterCatalog = .standard
    ) throws {
        let absolute = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        let text: [UInt8]
        do {
            text = [UInt8](try Data(contentsOf: URL(filePath: absolute)))
        } catch {
            throw ConfigProblems([ConfigProblem(path: "", text: "the config \(path) cannot be read")])
        }
        let directory = String(absolute[..<(absolute.lastIndex(of: "/") ?? absolute.startIndex)])
        try self.init(
            parsing: text, directory: directory.isEmpty ? "/" : directory, environment: environment, catalog: catalog)
    }

    /// What a host does without a config, with its data in this folder.
    public init(
        dataFolder: String, environment: [String: String], catalog: AdapterCatalog = .standard
    ) throws {
        let absolute =
            dataFolder.hasPrefix("/") ? dataFolder : FileManager.default.currentDirectoryPath + "/" + dataFolder
        try self.init(
            parsing: Array(Self.standard.utf8), directory: absolute, environment: environment, catalog: catalog)
    }

    /// Where the host listens, unless the config or the environment said otherwise.
    public var listen: String {
        get { http.listen }
        set { http.listen = newValue }
    }

    var kernelLimits: KernelLimits {
        var kernel = KernelLimits()
        kernel.messageBytes = limits.messageBytes
        kernel.sessionsPerUser = limits.connectionsPerUser
        kernel.messagesPerUserPerSecond = limits.messagesPerUserPerSecond
        kernel.membership = MembershipLimits(
            conversationsPerUser: limits.conversationsPerUser, membersPerConversation: limits.membersPerConversation)
        kernel.retention = Retention(days: limits.messagesKeptDays, messages: limits.messagesKept)
        return kernel
    }

    /// Everything that is wrong with the files of secrets and certificates, besides what decoding found. Opens nothing else.
    /// - Returns: what is not wrong and yet should be known, such as a short secret or a certificate that has expired.
    @discardableResult
    public func checkFiles(environment: [String: String]) throws(ConfigProblems) -> [ConfigProblem] {
        var problems: [ConfigProblem] = []
        var warnings: [ConfigProblem] = []
        do throws(ConfigProblems) {
            warnings += try keys(generated: Array(repeating: 0, count: 32), environment: environment).warnings
                .map(\.asConfigured)
        } catch {
            problems += error.problems
        }
        do throws(ConfigProblems) {
            warnings += try openTLS()?.certificate.warnings.map(\.asConfigured) ?? []
        } catch {
            problems += error.problems
        }
        guard problems.isEmpty else { throw ConfigProblems(problems) }
        return warnings
    }

    /// Opens accounts over a store, with the secret of the config or, on the first run, a new one that is kept.
    public func authority(
        over store: any Store, time: any TimeSource, log: any LogSink, environment: [String: String]
    ) throws -> TokenAuthority {
        let generated = auth.needsSecret ? try KeptSecret.load(in: directory) : nil
        let keys = try keys(generated: generated, environment: environment)
        for warning in keys.warnings { log.warning("auth", LogField("warning", "\(warning.asConfigured)")) }
        return TokenAuthority(
            store: store, keys: keys, settings: auth,
            limits: AttemptLimits(
                passwordAttemptsPerMinute: limits.passwordAttemptsPerMinute,
                registrationsPerAddressPerMinute: limits.registrationsPerAddressPerMinute),
            time: time)
    }

    private func keys(generated: [UInt8]?, environment: [String: String]) throws(ConfigProblems) -> KeyRing {
        let directory = directory
        let sources = Secret.Sources(
            environment: { environment[$0] },
            file: { path in
                let absolute = path.hasPrefix("/") ? path : directory + "/" + path
                guard let data = try? Data(contentsOf: URL(filePath: absolute)), data.count <= 65_536 else {
                    return nil
                }
                return [UInt8](data)
            })
        do throws(KeyRing.Problems) {
            return try KeyRing(auth, generatedSecret: generated, sources: sources)
        } catch {
            throw ConfigProblems(error.all.map(\.asConfigured))
        }
    }

    /// Opens the store beside a host that may be serving, to look at accounts and change them.
    public func openForAdministration(time: any TimeSource, log: any LogSink) async throws -> any Store {
        try await open(in: AdapterContext(directory: directory, time: time, log: log, purpose: .administering))
    }

    func open(in context: AdapterContext) async throws -> any Store {
        do {
            return try await openStore(context)
        } catch let error as StoreError {
            throw Host.Failure("store: \(error.detail)")
        }
    }
}

extension KeyRing.Problems.Problem {
    /// With the path of the setting it is about.
    var asConfigured: ConfigProblem { ConfigProblem(path: "auth.\(path)", text: detail) }
}

extension LogSection {
    var resolvedForm: StreamLog.Form {
        switch form {
        case .text: .text
        case .json: .json
        case .auto: Terminal.isStandardError ? .text : .json
        }
    }
}
