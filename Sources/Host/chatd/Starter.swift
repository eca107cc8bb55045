import CLinux

/// The config that `chatd init` writes: every section and every setting, with its default or in a comment.
enum Starter {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Returns: the path written.
    static func write(in folder: String) throws(Failure) -> String {
        let path = (folder.hasSuffix("/") ? String(folder.dropLast()) : folder) + "/chat.json"
        // Exclusive: what is there stays.
        let descriptor = unsafe chat_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure(description: "\(path) cannot be written: \(WriteFailure())") }
        defer { close(descriptor) }
        do {
            try chatd.write(text, to: descriptor)
        } catch {
            // Half a config would stand in the way of the next try.
            unsafe unlink(path)
            throw Failure(description: "\(path) cannot be written: \(error)")
        }
        return path
    }

    static let text = """
        // chatd's config. JSON, with comments and trailing commas. Relative paths are taken from this file's folder.
        // `chatd check chat.json` says everything that is wrong with it.
        {
          // "sqlite", or "memory" without the other two. "synced": an acknowledged message survives a loss of power; "written" is
          // faster and survives a crash of chatd only.
          "store": { "type": "sqlite", "path": "chat.db", "durability": "synced" },

          // A secret is a text, {"env": "NAME"} or {"file": "path"}. Without a "secretKey" one is made on the first run and kept in
          // chat.secret beside this file. Keys for tokens minted elsewhere, beside a "secretKey" or, without "algorithm", instead of it:
          //   "keys": [ { "id": "2025", "algorithm": "ES256", "publicKey": {"file": "issuer.pem"} } ]
          // "secretKeyId" is written into the tokens of "secretKey"; "issuer" and "audience" into all, and demanded of all.
          "auth": {
            "algorithm": "HS256",
            "accessTokenExpireMinutes": 60,
            "registration": true,      // whether anybody may make an account
            "autoProvision": false,    // whether a genuine token of an unknown user makes one
          },

          // Loopback only. To be reachable from elsewhere, give it a certificate, or put a proxy with TLS in front:
          //   "tls": { "certificate": "chain.pem", "privateKey": "key.pem", "minimumVersion": "1.2" }
          // speaks https and wss at "listen" instead of http; with a "listen" of its own in it, beside it. SIGHUP reloads the files.
          // With "strictTransportSecuritySeconds" in it browsers come by TLS only, for so long: a decision that cannot be taken back.
          "http": {
            "listen": "127.0.0.1:8000",
            "allowedOrigins": [],      // other sites whose pages may connect: "https://app.example.org"
            "loops": 0,                // threads for connections; 0: one on two cores, one fewer than the cores on more
            "drainSeconds": 5,         // how long a stop waits for what is under way
          },

          // Silence until a ping, and from there to the end; bytes that wait for one connection before it is read for at its own
          // speed; the longest frame, 0 for room for the longest message. A poll waits so long, a stream is heard of so often
          // and ends after so long, to be asked for again.
          "transports": [
            { "type": "rest" },
            { "type": "websocket", "pingSeconds": 25, "pongSeconds": 20, "outboxBytes": 1048576, "frameBytes": 0 },
            { "type": "long-polling", "waitSeconds": 25, "heartbeatSeconds": 20, "streamSeconds": 3600 },
          ],

          // 0 means no limit.
          "limits": {
            "connections": 20000,
            "connectionsPerUser": 64,
            "connectionsPerAddress": 4096,
            "conversationsPerUser": 10000,     // that one user owns
            "membersPerConversation": 10000,
            "messagesPerUserPerSecond": 100,
            "passwordAttemptsPerMinute": 10,   // for one name
            "registrationsPerAddressPerMinute": 60,
            "messageBytes": 65536,             // 0: 524288, the most there may be
            "messagesKeptDays": 0,             // older ones go; readers are told of a gap
            "messagesKept": 0,                 // of each conversation the newest
          },

          // What must be promised, or the host does not start.
          "require": { "resume": true, "durability": "synced" },

          // "debug", "info", "warning" or "error"; "text", "json", or "auto": text on a terminal, JSON otherwise.
          "log": { "level": "info", "form": "auto" },
        }

        """
}
