using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Jam.Peer.Network;

/// <summary>
/// The key of this process's encrypted links (P-256), in a certificate that it has signed itself. It is new with every process and never
/// kept: the room learns its fingerprint with HELLO, and nobody trusts it for anything else.
/// </summary>
internal sealed class LinkKey : IAsyncDisposable
{
    private static readonly TimeSpan Valid = TimeSpan.FromDays(3650);

    private readonly X509Certificate2 _certificate;

    // The framework reads all authorities that the system believes for it, a tenth of a second's work: not in a room whose links are plain.
    private readonly Lazy<Task<SslStreamCertificateContext>> _context;

    private LinkKey(X509Certificate2 certificate)
    {
        _certificate = certificate;
        _context = new(() => Task.Run(() => SslStreamCertificateContext.Create(certificate, null, offline: true)));
        Fingerprint = FingerprintOf(certificate.RawDataMemory.Span);
    }

    /// <summary>SHA-256 of the certificate, 64 hexadecimal digits.</summary>
    public string Fingerprint { get; }

    /// <summary>What links show; made when it is first asked for.</summary>
    public Task<SslStreamCertificateContext> ContextAsync() => _context.Value;

    /// <summary>Makes one. Takes some milliseconds.</summary>
    /// <param name="now">The certificate is good from a day before that on: nobody looks, but some libraries will not have it otherwise.</param>
    public static LinkKey Create(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=SwarmJam peer", key, HashAlgorithmName.SHA256);
        var certificate = request.CreateSelfSigned(now.AddDays(-1), now + Valid);
        if (!OperatingSystem.IsWindows())
            return new LinkKey(certificate);
        using (certificate)
            return new LinkKey(X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null));
    }

    /// <summary>As <see cref="Fingerprint"/>, of another's.</summary>
    public static string FingerprintOf(ReadOnlySpan<byte> certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_context.IsValueCreated)
            await ((Task)_context.Value).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _certificate.Dispose();
    }
}
