import ChatHTTP1
import ChatHTTPServer
import ChatKernel
import ChatWire

/// Accounts and tokens, when the authenticator keeps them; and who one is.
struct AccountRoutes {
    let kernel: Kernel

    var routes: [Route] {
        var routes = [
            route("GET", "/api/auth/me") { [self] request throws(ChatError) in try await me(request) },
            route("GET", "/api/chat/users") { [self] request throws(ChatError) in try await find(request) },
        ]
        if let accounts = kernel.authenticator as? any Accounts {
            routes += [
                jsonRoute("POST", "/api/auth/register") { [self] request throws(ChatError) in
                    try await register(request, accounts)
                },
                route("POST", "/api/auth/login") { [self] request throws(ChatError) in
                    try await login(request, accounts)
                },
            ]
        }
        if let tickets = kernel.authenticator as? any TicketIssuing {
            routes.append(
                route("POST", "/api/chat/tickets") { [self] request throws(ChatError) in
                    let ticket = try tickets.issueTicket(to: try await Inquiry(request, kernel).identity)
                    return Answer.json(201) { RESTShapes.append(ticket, to: &$0) }
                })
        }
        return routes
    }

    private func register(
        _ request: HTTPRequest, _ accounts: any Accounts
    ) async throws(ChatError) -> HTTPResponse {
        let body = try Inquiry.json(request) { bytes throws(ChatError) in try RequestBody.register(bytes) }
        let user = try await counted { () async throws(ChatError) in
            try await accounts.register(
                username: body.username, password: body.password, email: body.email, from: request.peerAddress)
        }
        return Answer.json(201) { RESTShapes.append(user, to: &$0) }
    }

    /// JSON, or the form of OAuth 2's password grant (RFC 6749 section 4.3.2).
    private func login(
        _ request: HTTPRequest, _ accounts: any Accounts
    ) async throws(ChatError) -> HTTPResponse {
        let username: String
        let password: String
        if Inquiry.isOfType("application/x-www-form-urlencoded", request) {
            guard let form = unsafe QueryItems(parsing: request.body.span.bytes) else {
                throw ChatError(.invalidField, "The form is malformed.")
            }
            guard form.first("grant_type") ?? "password" == "password" else {
                throw ChatError(.invalidField, "grant_type: must be password.")
            }
            guard let name = form.first("username") else { throw .missing("username") }
            guard let secret = form.first("password") else { throw .missing("password") }
            (username, password) = (name, secret)
        } else {
            guard Inquiry.isOfType("application/json", request) else { return unsupportedMediaType }
            let body = try Inquiry.json(request) { bytes throws(ChatError) in try RequestBody.login(bytes) }
            (username, password) = (body.username, body.password)
        }
        let (name, secret) = (username, password)
        let token = try await counted { () async throws(ChatError) in
            try await accounts.login(username: name, password: secret, from: request.peerAddress)
        }
        return Answer.json(200) { RESTShapes.append(token, to: &$0) }
    }

    /// What an authenticator refuses because of a limit, the kernel has not seen.
    private func counted<T>(_ work: () async throws(ChatError) -> T) async throws(ChatError) -> T {
        do throws(ChatError) {
            return try await work()
        } catch {
            kernel.metrics.count(error)
            throw error
        }
    }

    private func me(_ request: HTTPRequest) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        let user: User?
        do throws(StoreError) {
            user = try await kernel.store.user(inquiry.user)
        } catch {
            throw error.asChatError
        }
        guard let user else { throw ChatError(.unknownUser, "Your account is gone.") }
        return Answer.json(200) { RESTShapes.append(user, to: &$0) }
    }

    /// Users by the beginning of their name, to start a conversation with.
    private func find(_ request: HTTPRequest) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        guard let prefix = inquiry.text("username"), !prefix.isEmpty, prefix.utf8.count <= 64 else {
            throw ChatError(.invalidField, "username: the 1 to 64 first bytes of a name.")
        }
        let users = try await kernel.users(named: prefix, limit: 20)
        return Answer.json(200) { RESTShapes.append(users, to: &$0) }
    }
}
