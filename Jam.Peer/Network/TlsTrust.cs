using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Jam.Peer.Network;

/// <summary>
/// Which servers this peer believes: those that the system believes, those whose certificate an authority of the user's own has signed,
/// and those whose certificate is the very one that was named. Safe for any thread.
/// </summary>
public sealed class TlsTrust
{
    private readonly X509Certificate2Collection _authorities = [];
    private readonly Lock _gate = new();
    private readonly HashSet<string> _fingerprints = new(StringComparer.OrdinalIgnoreCase);
    private string? _refused;

    /// <summary>Believes whatever an authority has signed for the name that is dialled.</summary>
    /// <param name="pem">Its certificate, or several, PEM.</param>
    /// <exception cref="CryptographicException">It is none.</exception>
    public void AddAuthority(string pem)
    {
        var before = _authorities.Count;
        _authorities.ImportFromPem(pem);
        if (_authorities.Count == before)
            throw new CryptographicException("there is no certificate in it");
    }

    /// <summary>Believes one certificate, whatever it says.</summary>
    /// <param name="fingerprint">SHA-256 of it, 64 hexadecimal digits, with colons or without.</param>
    public void Add(string fingerprint)
    {
        ArgumentNullException.ThrowIfNull(fingerprint);
        lock (_gate)
            _fingerprints.Add(fingerprint.Replace(":", "", StringComparison.Ordinal));
    }

    /// <summary>Whether it may be a fingerprint.</summary>
    public static bool IsFingerprint(string? text) => text?.Replace(":", "", StringComparison.Ordinal) is { Length: 64 } digits && digits.All(char.IsAsciiHexDigit);

    /// <summary>Has a connection go by this.</summary>
    internal void Apply(ClientWebSocketOptions options) => options.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => Believes(certificate, chain, errors);

    /// <summary>What is wrong with a connection that TLS came to nothing on, for people; null where it was something else.</summary>
    internal string? Explain(Exception problem)
    {
        for (var inner = problem; inner is not null; inner = inner.InnerException)
        {
            if (inner is not AuthenticationException)
                continue;
            lock (_gate)
            {
                return _refused is { } refused
                    ? $"this machine does not know who has issued the server's certificate; if that is the right server: --tls-fingerprint {refused}, or --tls-ca FILE"
                    : $"TLS failed ({inner.Message})";
            }
        }

        return null;
    }

    private bool Believes(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
            return true;
        if (certificate is null)
            return false;
        var fingerprint = LinkKey.FingerprintOf(certificate.GetRawCertData());
        lock (_gate)
        {
            if (_fingerprints.Contains(fingerprint))
                return true;
            _refused = fingerprint;
        }

        // The name has to be right all the same.
        return errors == SslPolicyErrors.RemoteCertificateChainErrors && _authorities.Count > 0 && IsOurs(certificate, chain);
    }

    private bool IsOurs(X509Certificate certificate, X509Chain? shown)
    {
        using var leaf = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        // A private authority publishes no list of what it has taken back.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (shown is not null)
            chain.ChainPolicy.ExtraStore.AddRange(shown.ChainElements.Select(e => e.Certificate).ToArray());
        return chain.Build(leaf);
    }
}
