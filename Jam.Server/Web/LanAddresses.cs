using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Jam.Server.Web;

/// <summary>Addresses of this machine that others on its networks can use.</summary>
internal static class LanAddresses
{
    /// <summary>IPv4 addresses of the networks that are up.</summary>
    public static IEnumerable<IPAddress> All() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(network => network.OperationalStatus == OperationalStatus.Up
            && network.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .SelectMany(network => network.GetIPProperties().UnicastAddresses)
        .Select(unicast => unicast.Address)
        .Where(address => address.AddressFamily == AddressFamily.InterNetwork);

    /// <summary>The first of them, else loopback.</summary>
    public static IPAddress Best() => All().FirstOrDefault() ?? IPAddress.Loopback;
}
