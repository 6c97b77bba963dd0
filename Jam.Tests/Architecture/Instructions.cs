using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace Jam.Tests.Architecture;

/// <summary>Walks the instructions of a method body (ECMA-335, partition III) and yields the metadata that they name.</summary>
internal static class Instructions
{
    private static readonly Dictionary<ushort, OperandType> Operands = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => unchecked((ushort)code.Value), code => code.OperandType);

    /// <summary>Every token in the body but those of string literals.</summary>
    public static List<EntityHandle> Tokens(BlobReader body)
    {
        var found = new List<EntityHandle>();
        while (body.RemainingBytes > 0)
        {
            ushort code = body.ReadByte();
            if (code == 0xFE)
                code = (ushort)(0xFE00 | body.ReadByte());
            switch (Operands[code])
            {
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    body.ReadByte();
                    break;
                case OperandType.InlineVar:
                    body.ReadUInt16();
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    body.ReadUInt64();
                    break;
                case OperandType.InlineSwitch:
                    for (var left = body.ReadUInt32(); left > 0; left--)
                        body.ReadUInt32();
                    break;
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType
                    or OperandType.InlineSig:
                    found.Add(MetadataTokens.EntityHandle(body.ReadInt32()));
                    break;
                case OperandType.InlineBrTarget or OperandType.InlineI or OperandType.InlineString or OperandType.ShortInlineR:
                    body.ReadUInt32();
                    break;
                default:
                    throw new NotSupportedException($"Instruction {code:X4} has an operand of a kind that is not known here.");
            }
        }
        return found;
    }
}
