using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Jam.Tests.Doors;

/// <summary>A folder with a certificate for this machine and its key, both PEM, signed by an authority of the test's own.</summary>
internal sealed class TlsFolder : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("jam-tls").FullName;
    private readonly X509Certificate2 _authority;

    public TlsFolder()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=the test's own authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        File.WriteAllText(CaFile, _authority.ExportCertificatePem());
        Renew();
    }

    public string CertFile => Path.Combine(_folder, "cert.pem");

    public string KeyFile => Path.Combine(_folder, "key.pem");

    public string CaFile => Path.Combine(_folder, "ca.pem");

    /// <summary>Of the certificate that was written last.</summary>
    public string Fingerprint { get; private set; } = "";

    /// <summary>Writes a new pair in place of the old.</summary>
    public void Renew()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var cert = request.Create(_authority, _authority.NotBefore, _authority.NotAfter, RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(CertFile, cert.ExportCertificatePem());
        File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
        Fingerprint = Convert.ToHexStringLower(SHA256.HashData(cert.RawData));
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
