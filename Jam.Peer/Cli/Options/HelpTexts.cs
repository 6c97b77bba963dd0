namespace Jam.Peer.Cli.Options;

/// <summary>The texts of <c>--help</c>. A test holds them to the options that exist.</summary>
internal static class HelpTexts
{
    /// <summary>For someone who typed nothing.</summary>
    public const string Usage =
        """
        SwarmJam: everyone hears the same track at the same moment.

          Host:   jam --seed song.mp3            (it prints the line that viewers type)
          Join:   jam --connect 192.168.1.5:9003
          Try it: jam demo                       (a host and two viewers on this machine)

        jam --help tells the rest.
        """;

    /// <summary>For someone who wants to know it all.</summary>
    public const string Peer =
        """
        SwarmJam: everyone hears the same track at the same moment, without uploading it anywhere.

        Usage:
          jam --seed FILE... [options]         host: seed the files, control the room
          jam --connect IP:PORT... [options]   viewer: join through any peer of the room
          jam demo [--help]                    a host and two viewers on this machine
          jam check IP:PORT [--help]           can this machine and that peer reach each other, and how well?
          jam calibrate [--help]               how late do this machine's loudspeakers sound?
          jam discover [--help]                which rooms are there on this network?
          jam server [--help]                  a rendezvous server of its own
          jam completions bash|zsh|fish        what that shell needs to complete all this; 'jam man' prints the manual page

        Who and where:
          --seed FILE...           files to seed; the first becomes the room's track
          --num-chunks N           with a bare --seed: seed N chunks of test data, without sound
          --chunk-size BYTES       size of those, 1024 to 1048576 (16384)
          --role host|viewer       host without --seed opens an empty room; 'seed FILE' adds to it
          --connect IP:PORT...     peers to join through; names and [IPv6]:PORT too. With --seed: join that room as its host
          --server ws://HOST:PORT  the rendezvous; else a viewer asks its peer, and a host opens one
          --room NAME              the room (jam)
          --name NAME              what others see; kept for the next time (the last one, or user@machine)
          --no-identity            keep no id and no name: someone new this time, and the kept ones stay as they are
          --listen-port PORT       where peers connect to; 0 takes any free port (9003).
                                   --p2p-port is the same
          --server-port PORT       first port to try for a host's own rendezvous; 0 takes any free one (8000)
          --listener WHICH         what that listens with: kestrel, or fleck where it is built in (kestrel)

        Files and network:
          --data DIR               where a rendezvous of this peer's own keeps its rooms over a restart, even a crash (nowhere)
          --cache DIR              where chunks are kept (the user's cache folder)
          --cache-limit SIZE       what the cache may hold, as 500M or 2G; tracks that were not used for longest go first (any)
          --save DIR               put each track here, once it is complete and verified
          --up-limit RATE          most to upload: bytes/s as 500k or 2M (k = 1000), or bits/s as 400kbit or 4Mbit
          --down-limit RATE        most to download, written likewise
          --no-discovery           do not tell this network which room there is ('jam discover' lists the rooms)
          --no-clock-port          measure the clock over the connection alone, not by UDP on the rendezvous' port, and answer none there
          --unlisted               do not list the room that begins with this peer on its server's page

        Doors:
          --password WORD          the room's password: a host locks its room with it, a viewer comes in with it
          --password-file FILE     its first line is the password. Better, since a command line can be seen; so is SWARMJAM_PASSWORD
          --invite TOKEN           come in with an invite ('invite' in the host's terminal makes one)
          --invite-only            lock the room without a password
          --host-token TOKEN       what takes the host's place back (what was kept with this peer's identity)
          --encrypt                peers of the room that begins with this host speak TLS 1.3 to each other
          --tls-cert FILE          the host's own rendezvous speaks TLS (https, wss) with this certificate, PEM
          --tls-key FILE           its key, where that is in a file of its own
          --tls-ca FILE            believe servers whose certificate this authority has signed, too
          --tls-fingerprint SHA256 believe the server that has this very certificate
          --bind ADDRESS           listen at this address of the machine only (every one)
          --server-bind ADDRESS    as --bind, for the host's own rendezvous alone
          --gateway-bind ADDRESS   as --bind, for the gateway alone

        For browsers, on the room's page:
          --gateway                let them listen through this peer; a host with a server of its own does, unless --no-gateway
          --no-gateway             do not let them, though this host has a server of its own
          --gateway-port PORT      first port to try where this peer runs no server; 0 takes any free one (8010)
          --gateway-listeners N    how many at a time (8)
          --gateway-limit RATE     what all of them may take, written as --up-limit (half of --up-limit, or any amount)

        Sound:
          --output WHERE           auto, pulse, alsa, alsa:DEVICE, naudio, wav:PATH or null (auto: PulseAudio, else ALSA, else silence;
                                   on Windows NAudio, else silence)
          --decoder WHICH          auto, native (libmpg123, libsndfile), nlayer (MP3 by NLayer) or naudio (the rest by NAudio too)
                                   (auto: native, on Windows naudio). NAudio and NLayer come with a build switch, see README.md
          --device NAME            which sound device (the default one)
          --list-devices           which there are, and leave; with --json as JSON
          --latency-ms N           the device sounds N ms later than it reports, so play N ms earlier; -2000 to 5000 (what 'latency'
                                   or 'calibrate' has saved for the device, or 0)
          --calibrate-with WHO     who may have this peer click to compare loudspeakers: host (the room's host at any time, everyone while
                                   the room does not play), anyone or nobody (host)
          --channel WHICH          left, right, mono or stereo, so that two machines make a stereo pair (stereo)
          --volume PERCENT         0 to 100 (100)
          --no-replaygain          play each track as loud as it is, whatever its ReplayGain tag says

        Running:
          --autoplay               a host plays as soon as it can
          --headless               leave standard input alone; needed in the background
          --duration TIME          leave after 90, or 1m30s
          --json                   at the end one JSON object on standard output, and nothing else there
          --log-file FILE          log there; none: no log (peer.log in $XDG_STATE_HOME/swarmjam or ~/.local/state/swarmjam,
                                   %LOCALAPPDATA%\swarmjam on Windows). At 2 MB it becomes FILE.1, and so on; five are kept
          --log-level LEVEL        off, error, warning, info, debug or trace (info)
          --log-format FORMAT      text, or json: one JSON object a line, in the log and, off a terminal, on the console (text)
          --metrics PORT           /metrics (Prometheus's text), /healthz and /readyz on 127.0.0.1, for this machine alone; 0 takes any
                                   free port
          --otlp URL               send metrics and traces to this OpenTelemetry collector ($OTEL_EXPORTER_OTLP_ENDPOINT, or nowhere):
                                   http://127.0.0.1:4318, or gRPC where the port is 4317
          --version                the version, and the commit that it was built from
          -h, --help               this text

        For programs that start a peer:
          --status-every SECONDS   a report as one line of JSON on standard output, every so often and at the end
          --end-with-stdin         leave when standard input closes, with --headless too

        On a terminal, 'help' lists the commands: play, pause, seek 1:30, peers, stats, watch, quit and more. On a pipe the same
        commands come line by line; each is answered by one line on standard output, other news go to standard error, and the
        pipe's end does not end the peer. It leaves on quit, --duration, SIGTERM or Ctrl-C; a second Ctrl-C does not wait.
        Exit code: 0 well, 1 it could not go on (one line says why), 2 an option is wrong.

        Examples:
          jam --seed song.mp3 --autoplay
          jam --connect 192.168.1.5:9003 --save ~/Music
          jam --connect host.example:9003 --output wav:heard.wav --duration 30 --headless --json
          jam --seed --num-chunks 120 --chunk-size 4096
        """;
}
