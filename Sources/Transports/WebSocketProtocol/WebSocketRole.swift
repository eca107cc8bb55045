/// Which end of a connection we are. It decides who masks: a client does, a server never (RFC 6455 section 5.1).
public enum WebSocketRole: Sendable {
    case server
    case client
}
