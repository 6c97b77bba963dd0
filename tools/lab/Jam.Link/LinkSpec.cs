using System.Text.Json.Serialization;

namespace Jam.Link;

/// <summary>What is to be linked: read as JSON.</summary>
/// <param name="Hosts">The machines, 2 to 64.</param>
/// <param name="Seed">Of all randomness; the same seed draws the same losses and delays.</param>
internal sealed record LinkSpec(IReadOnlyList<HostSpec> Hosts, int Seed);

/// <summary>A machine and its link to everyone else.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Pid">A process in its network namespace.</param>
/// <param name="Device">Name of the TUN device to make there.</param>
/// <param name="Address">Its IPv4 address, which packets are brought to.</param>
/// <param name="Up">What it sends goes through this.</param>
/// <param name="Down">What it gets goes through this.</param>
internal sealed record HostSpec(string Name, int Pid, string Device, string Address, ShapeSpec Up, ShapeSpec Down);

/// <summary>One direction of a link; whatever is 0 does not shape.</summary>
/// <param name="RateMbit">Mbit/s of IP packets.</param>
/// <param name="QueueMs">What may wait before a link that is full; beyond it packets are dropped.</param>
/// <param name="DelayMs">Every packet takes this long.</param>
/// <param name="JitterMs">Mean of an exponentially distributed addition.</param>
/// <param name="Loss">Part of the packets that vanish, 0 to 1.</param>
/// <param name="StallMs">The link stands still for so long ...</param>
/// <param name="StallEveryMs">... each time so much has passed since the last stall began.</param>
internal sealed record ShapeSpec(
    double RateMbit, double QueueMs, double DelayMs, double JitterMs, double Loss, double StallMs, double StallEveryMs);

/// <summary>How a <see cref="LinkSpec"/> is written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LinkSpec))]
internal sealed partial class LinkJson : JsonSerializerContext;
