using System.Net;
using Jam.Peer.Session;
using Jam.Server.Contracts;

namespace Jam.Peer.Cli.Options;

/// <summary>The checks of what opens doors and locks them.</summary>
internal static class DoorChecks
{
    /// <summary>Read where no option names the password: a command line can be seen by everyone on the machine.</summary>
    public const string PasswordVariable = "SWARMJAM_PASSWORD";

    private const int ShortestHostToken = 16;

    public static DoorOptions Door(this OptionChecks checks, RawOptions raw, Role role)
    {
        checks.MakesSense(raw, role);
        foreach (var file in new[] { ("--tls-cert", raw.TlsCert), ("--tls-key", raw.TlsKey), ("--tls-ca", raw.TlsCa) })
            checks.IsFile(file.Item1, file.Item2);
        var fingerprints = raw.TlsFingerprint.SelectMany(f => f.Split(',', StringSplitOptions.RemoveEmptyEntries)).ToArray();
        foreach (var wrong in fingerprints.Where(f => f.Replace(":", "", StringComparison.Ordinal) is not { Length: 64 } digits || !digits.All(char.IsAsciiHexDigit)))
            checks.Fail($"--tls-fingerprint {wrong}: it is the SHA-256 of the server's certificate, 64 hexadecimal digits");
        var bind = checks.Address("--bind", raw.Bind);
        return new DoorOptions
        {
            Password = checks.Password(raw),
            Invite = checks.Token("--invite", raw.Invite, 1),
            HostToken = checks.Token("--host-token", raw.HostToken, ShortestHostToken),
            IsInviteOnly = raw.InviteOnly,
            IsEncrypted = raw.Encrypt,
            TlsCertFile = raw.TlsCert,
            TlsKeyFile = raw.TlsKey,
            TlsCa = raw.TlsCa,
            TlsFingerprints = fingerprints,
            Bind = bind,
            ServerBind = checks.Address("--server-bind", raw.ServerBind) ?? bind,
            GatewayBind = checks.Address("--gateway-bind", raw.GatewayBind) ?? bind,
        };
    }

    private static void MakesSense(this OptionChecks checks, RawOptions raw, Role role)
    {
        if (raw.Password is not null && raw.PasswordFile is not null)
            checks.Fail("--password and --password-file both name the password; leave one of them out");
        if (role == Role.Viewer && (raw.InviteOnly || raw.Encrypt || raw.HostToken is not null))
            checks.Fail("--invite-only, --encrypt and --host-token are for the host who opens the room");
        if (raw.TlsKey is not null && raw.TlsCert is null)
            checks.Fail("--tls-key goes with --tls-cert");
        if (raw.TlsCert is not null && raw.Listener == "fleck")
            checks.Fail("--tls-cert goes with --listener kestrel");
    }

    private static string? Password(this OptionChecks checks, RawOptions raw)
    {
        var text = raw.Password;
        if (raw.PasswordFile is { } file)
        {
            text = checks.Facts.FirstLine(file);
            if (text is null)
                checks.Fail($"--password-file {file}: it cannot be read");
        }

        text ??= checks.Facts.Variable(PasswordVariable) is { Length: > 0 } variable ? variable : null;
        // Never the word itself: what is wrong may end up in somebody's log.
        if (text is not null && (text.Length is 0 or > DoorSeal.MaxPasswordLength || text.Any(char.IsControl)))
            checks.Fail($"a password has 1 to {DoorSeal.MaxPasswordLength} characters, none of them a control character");
        return text;
    }

    private static string? Token(this OptionChecks checks, string option, string? text, int shortest)
    {
        if (text is not null && (!Names.IsId(text) || text.Length < shortest))
            checks.Fail($"{option} takes {shortest} to {Limits.MaxIdLength} letters, digits, - and _");
        return text;
    }

    private static void IsFile(this OptionChecks checks, string option, string? path)
    {
        if (path is not null && !checks.Facts.FileExists(path))
            checks.Fail($"{option} {path}: there is no such file");
    }

    private static IPAddress? Address(this OptionChecks checks, string option, string? text)
    {
        if (text is null)
            return null;
        if (IPAddress.TryParse(text, out var address))
            return address;
        checks.Fail($"{option} {text}: it is an IP address of this machine");
        return null;
    }
}
