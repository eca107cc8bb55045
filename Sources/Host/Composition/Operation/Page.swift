import ChatHTTP1
import ChatHTTPServer

/// The page to chat in: plain files, embedded in the binary.
enum Page {
    /// For every answer of the host that does not say otherwise. The policy lets a page load what this host serves and
    /// nothing else; no other site may embed any of it (Fetch section 3.7), and no cache may keep it: what is answered here
    /// is mostly one user's.
    static let securityFields = [
        HTTPField(name: "X-Content-Type-Options", value: "nosniff"),
        HTTPField(name: "X-Frame-Options", value: "DENY"),
        HTTPField(name: "Referrer-Policy", value: "no-referrer"),
        HTTPField(name: "Cross-Origin-Resource-Policy", value: "same-origin"),
        HTTPField(name: "Cross-Origin-Opener-Policy", value: "same-origin"),
        HTTPField(name: "Cache-Control", value: "no-store"),
        HTTPField(
            name: "Content-Security-Policy",
            value: "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                + "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ]

    /// For answers over TLS, as the config asks for them.
    static func secureFields(for tls: TLSSection?) -> [HTTPField] {
        guard let seconds = tls?.strictTransportSecuritySeconds, seconds > 0 else { return [] }
        return [HTTPField(name: "Strict-Transport-Security", value: "max-age=\(seconds)")]
    }

    static var routes: [Route] {
        files.map { file in
            let response = HTTPResponse(
                status: 200,
                fields: [
                    HTTPField(name: "Content-Type", value: file.type),
                    // Fresh after every upgrade of the host; the files are small.
                    HTTPField(name: "Cache-Control", value: "no-cache"),
                ], body: file.bytes)
            return Route("GET", file.path, .immediate { _ in response })
        }
    }

    private struct File {
        let path: String
        let type: String
        let bytes: [UInt8]

        init(_ path: String, _ type: String, _ bytes: [UInt8]) {
            self.path = path
            self.type = type
            self.bytes = bytes
        }
    }

    private static func script(_ name: String, _ bytes: [UInt8]) -> File {
        File("/" + name, "text/javascript; charset=utf-8", bytes)
    }

    private static var files: [File] {
        [
            File("/app.css", "text/css; charset=utf-8", PackageResources.app_css),
            script("app.js", PackageResources.app_js),
            script("book.js", PackageResources.book_js),
            script("chat-client.js", PackageResources.chat_client_js),
            script("chat-line.js", PackageResources.chat_line_js),
            script("composer.js", PackageResources.composer_js),
            script("dialogs.js", PackageResources.dialogs_js),
            script("dom.js", PackageResources.dom_js),
            script("door.js", PackageResources.door_js),
            File("/icon.svg", "image/svg+xml", PackageResources.icon_svg),
            File("/", "text/html; charset=utf-8", PackageResources.index_html),
            script("list.js", PackageResources.list_js),
            script("room.js", PackageResources.room_js),
            script("search.js", PackageResources.search_js),
            script("thread.js", PackageResources.thread_js),
            script("timeline.js", PackageResources.timeline_js),
            script("words.js", PackageResources.words_js),
        ]
    }
}
