using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Jam.Server;

/// <summary>Asks a running server whether it is well, where there is no other program to ask with (a container without a shell).</summary>
internal static class HealthQuestion
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(4);

    /// <summary>Prints the server's answer.</summary>
    /// <returns>0 where it is well, else 1.</returns>
    public static async Task<int> AskAsync(IPAddress? address, int port, TextWriter answer)
    {
        var here = address is null || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? IPAddress.Loopback : address;
        var host = here.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{here}]" : here.ToString();
        using var handler = new SocketsHttpHandler
        {
            // Whose certificate it is does not matter to whether the server is well, and nothing is told to it.
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null },
            UseProxy = false,
        };
        using var http = new HttpClient(handler) { Timeout = s_patience };
        try
        {
            using var response = await GetAsync(http, $"{host}:{port}/healthz");
            await answer.WriteLineAsync(await response.Content.ReadAsStringAsync());
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            await answer.WriteLineAsync($"No answer on port {port}: {e.Message}");
            return 1;
        }
    }

    /// <summary>Whoever asks (a container's fixed question) need not know whether the server speaks TLS.</summary>
    private static async Task<HttpResponseMessage> GetAsync(HttpClient http, string where)
    {
        try
        {
            return await http.GetAsync(new Uri($"http://{where}"));
        }
        catch (HttpRequestException e) when (e.HttpRequestError != HttpRequestError.ConnectionError)
        {
            return await http.GetAsync(new Uri($"https://{where}"));
        }
    }
}
