/// What `--help` teaches.
enum Help {
    static func text(_ topic: String?) -> String {
        switch topic {
        case "serve": serve
        case "check": check
        case "init": initialize
        case "token": token
        case "user": user
        case "new-epoch": newEpoch
        default: overview
        }
    }

    private static let overview = """
        chatd: a chat server.

          chatd                         serve at once: data in ./data, http://127.0.0.1:8000
          chatd serve [CONFIG]          serve as a config says
          chatd check CONFIG            say everything that is wrong with a config
          chatd init [FOLDER]           write a config to begin with
          chatd user add NAME           make an account; asks for the password
          chatd user list               all accounts
          chatd user disable NAME       refuse somebody, connected or not; user enable NAME takes it back
          chatd token NAME              print a token for a user, to try things out
          chatd new-epoch               after an older copy of the data was put back

        Options
          --config FILE    which config the other commands mean
          --data FOLDER    without a config: where the data is (data)
          --listen A:PORT  where to listen, whatever the config says
          --help           also behind a command: chatd serve --help
          --version

        Try it
          chatd &
          curl -s localhost:8000/api/auth/register -H 'Content-Type: application/json' \\
               -d '{"username":"ann","password":"correct horse"}'
          open http://localhost:8000 in a browser

        """

    private static let serve = """
        chatd serve [CONFIG] [--listen A:PORT] [--data FOLDER]

        Serves until SIGTERM or SIGINT; then it takes no more, tells its clients to come back, finishes what it
        had accepted, and leaves with status 0. A second signal leaves at once. SIGHUP reloads the certificate and
        its key (http.tls) for new connections; those under way keep theirs.

        Without a config it keeps SQLite and its secret in the data folder and listens on 127.0.0.1:8000.
        The environment wins over the config: SECRET_KEY, ALGORITHM, ACCESS_TOKEN_EXPIRE_MINUTES,
        DATABASE_URL (sqlite:///path) and CHAT_LISTEN.

        """

    private static let check = """
        chatd check CONFIG

        Reads a config, its secrets and certificates, opens nothing else, and prints everything that is wrong with it, a line each:
            transports[1].type: “websockets” is not known; one of long-polling, rest, websocket
        Status 0 when all is well, 1 otherwise; what is no mistake and yet should be known is a warning.

        """

    private static let initialize = """
        chatd init [FOLDER]

        Writes chat.json into the folder (here, unless named): every section, every setting with its
        default or in a comment. It overwrites nothing.

        """

    private static let token = """
        chatd token NAME [--minutes N] [--config FILE | --data FOLDER]

        Prints a token for the user with this name, good for N minutes (the config's
        accessTokenExpireMinutes unless said). It may be run beside a serving host:
            curl -H "Authorization: Bearer $(chatd token ann)" localhost:8000/api/auth/me

        """

    private static let newEpoch = """
        chatd new-epoch [--config FILE | --data FOLDER]

        Put back a copy of the data that is older than what was there, and its next messages get numbers that clients
        have seen on others. Run this before you serve it: each client is then told that what it knows is of another
        time, and begins anew with a snapshot. Nothing is lost or renumbered. Not while a host serves the data.

        """

    private static let user = """
        chatd user add NAME [--email ADDRESS]     asks for the password, or reads one line of standard input
        chatd user list                           name, identifier, whether active, when made
        chatd user disable NAME                   refused within two seconds, what it has open closed within four; its messages stay
        chatd user enable NAME

        With --config FILE or --data FOLDER. It may be run beside a serving host.

        """
}
