using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Jam.Server.Contracts;

namespace Jam.Server.Doors;

/// <summary>A certificate and its key cannot be used.</summary>
public sealed class TlsException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>
/// A server's certificate and key in PEM files. They are looked at again when somebody connects, at most once a second, by what is in
/// them: a link that is turned to another file counts as a change. Connections that stand are not touched.
/// </summary>
internal sealed class TlsCertificate
{
    private const long LookEveryUs = 1_000_000;

    private readonly string _certFile, _keyFile;
    private readonly TimeProvider _time;
    private readonly Action<string, bool> _tell;
    private readonly Lock _gate = new();
    private SslStreamCertificateContext _current;
    private byte[] _hash;
    private long _lookedUs;

    private TlsCertificate(string certFile, string keyFile, TimeProvider time, Action<string, bool> tell)
    {
        (_certFile, _keyFile, _time, _tell) = (certFile, keyFile, time, tell);
        var (certPem, keyPem) = Read();
        (_current, _hash, _lookedUs) = (Parse(certPem, keyPem), HashOf(certPem, keyPem), time.NowUs());
    }

    /// <summary>Reads both files; the certificate's may hold those of its issuers after it.</summary>
    /// <param name="certFile">The certificate, PEM.</param>
    /// <param name="keyFile">Its key, PEM, without a password; null: in the same file.</param>
    /// <param name="time">The clock.</param>
    /// <param name="tell">Takes a line for the log, and whether it is a problem.</param>
    /// <exception cref="TlsException">They cannot be used; one line says why.</exception>
    public static TlsCertificate Load(string certFile, string? keyFile, TimeProvider time, Action<string, bool> tell) =>
        new(certFile, keyFile ?? certFile, time, tell);

    /// <summary>SHA-256 of the certificate that is in use, 64 hexadecimal digits.</summary>
    public string Fingerprint
    {
        get
        {
            lock (_gate)
                return FingerprintOf(_current);
        }
    }

    /// <summary>What to show to whoever connects now.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            lock (_gate)
            {
                var nowUs = _time.NowUs();
                if (nowUs - _lookedUs >= LookEveryUs)
                {
                    _lookedUs = nowUs;
                    Look();
                }

                return _current;
            }
        }
    }

    private void Look()
    {
        try
        {
            var (certPem, keyPem) = Read();
            var hash = HashOf(certPem, keyPem);
            if (hash.AsSpan().SequenceEqual(_hash))
                return;
            // Noted before it is parsed: what is wrong with it is said once.
            _hash = hash;
            // What handshakes still use is left to the collector.
            _current = Parse(certPem, keyPem);
            _tell($"the certificate was read anew; it is good until {_current.TargetCertificate.NotAfter:yyyy-MM-dd}, its fingerprint is {FingerprintOf(_current)}", false);
        }
        catch (TlsException problem)
        {
            if (_hash.Length > 0)
                _tell($"{problem.Message.TrimEnd('.')}; the one from before is kept", true);
            _hash = problem.InnerException is IOException or UnauthorizedAccessException ? [] : _hash;
        }
    }

    private (string Cert, string Key) Read()
    {
        var file = _certFile;
        try
        {
            var cert = File.ReadAllText(file);
            file = _keyFile;
            return (cert, File.ReadAllText(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TlsException($"{file} cannot be read: {e.Message}", e);
        }
    }

    private SslStreamCertificateContext Parse(string certPem, string keyPem)
    {
        try
        {
            var leaf = X509Certificate2.CreateFromPem(certPem, keyPem);
            if (OperatingSystem.IsWindows())
                leaf = X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pkcs12), null);
            var all = new X509Certificate2Collection();
            all.ImportFromPem(certPem);
            if (leaf.NotAfter <= _time.GetUtcNow().LocalDateTime)
                _tell($"the certificate in {_certFile} has expired ({leaf.NotAfter:yyyy-MM-dd})", true);
            return SslStreamCertificateContext.Create(leaf, [.. all.Skip(1)], offline: true);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new TlsException($"{_certFile} and {_keyFile} are no certificate and its key in PEM: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static string FingerprintOf(SslStreamCertificateContext shown) => Convert.ToHexStringLower(SHA256.HashData(shown.TargetCertificate.RawData));

    private static byte[] HashOf(string certPem, string keyPem) => SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{certPem}\n{keyPem}"));
}
