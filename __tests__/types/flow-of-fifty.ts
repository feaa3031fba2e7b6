/** A flow of 50 steps, for the compiler: `npx pnpm typecheck:flow` says how long it takes. */
import { Flow } from '../../src/flows/index.ts';

export const fifty = new Flow<{ readonly seed: number }>('fifty')
  .step('s0', {}, ({ input }) => ({ n0: input.seed, at: new Date() }))
  .step('s1', { dependsOn: ['s0'] }, ({ outputs }) => ({
    n1: outputs.s0.n0,
    text: `${outputs.s0.n0}`,
  }))
  .step('s2', { dependsOn: ['s0', 's1'] }, ({ outputs }) => ({
    n2: outputs.s0.n0 + outputs.s1.n1,
    text: `${outputs.s0.n0}`,
  }))
  .step('s3', { dependsOn: ['s1', 's2'] }, ({ outputs }) => ({
    n3: outputs.s1.n1 + outputs.s2.n2,
    text: `${outputs.s1.n1}`,
  }))
  .step('s4', { dependsOn: ['s1', 's2', 's3'] }, ({ outputs }) => ({
    n4: outputs.s1.n1 + outputs.s2.n2 + outputs.s3.n3,
    text: `${outputs.s1.n1}`,
  }))
  .step('s5', { dependsOn: ['s1', 's2', 's4'] }, ({ outputs }) => ({
    n5: outputs.s1.n1 + outputs.s2.n2 + outputs.s4.n4,
    text: `${outputs.s1.n1}`,
  }))
  .step('s6', { dependsOn: ['s2', 's3', 's5'] }, ({ outputs }) => ({
    n6: outputs.s2.n2 + outputs.s3.n3 + outputs.s5.n5,
    text: `${outputs.s2.n2}`,
  }))
  .step(
    's7',
    { dependsOn: ['s2', 's3', 's6'], transactional: true },
    ({ outputs }) => ({
      n7: outputs.s2.n2 + outputs.s3.n3 + outputs.s6.n6,
      text: `${outputs.s2.n2}`,
    }),
  )
  .step('s8', { dependsOn: ['s2', 's4', 's7'] }, ({ outputs }) => ({
    n8: outputs.s2.n2 + outputs.s4.n4 + outputs.s7.n7,
    text: `${outputs.s2.n2}`,
  }))
  .step('s9', { dependsOn: ['s3', 's4', 's8'] }, ({ outputs }) => ({
    n9: outputs.s3.n3 + outputs.s4.n4 + outputs.s8.n8,
    text: `${outputs.s3.n3}`,
  }))
  .step('s10', { dependsOn: ['s3', 's5', 's9'] }, ({ outputs }) => ({
    n10: outputs.s3.n3 + outputs.s5.n5 + outputs.s9.n9,
    text: `${outputs.s3.n3}`,
  }))
  .step('s11', { dependsOn: ['s3', 's5', 's10'] }, ({ outputs }) => ({
    n11: outputs.s3.n3 + outputs.s5.n5 + outputs.s10.n10,
    text: `${outputs.s3.n3}`,
  }))
  .step('s12', { dependsOn: ['s4', 's6', 's11'] }, ({ outputs }) => ({
    n12: outputs.s4.n4 + outputs.s6.n6 + outputs.s11.n11,
    text: `${outputs.s4.n4}`,
  }))
  .step('s13', { dependsOn: ['s4', 's6', 's12'] }, ({ outputs }) => ({
    n13: outputs.s4.n4 + outputs.s6.n6 + outputs.s12.n12,
    text: `${outputs.s4.n4}`,
  }))
  .step(
    's14',
    { dependsOn: ['s4', 's7', 's13'], transactional: true },
    ({ outputs }) => ({
      n14: outputs.s4.n4 + outputs.s7.n7 + outputs.s13.n13,
      text: `${outputs.s4.n4}`,
    }),
  )
  .step('s15', { dependsOn: ['s5', 's7', 's14'] }, ({ outputs }) => ({
    n15: outputs.s5.n5 + outputs.s7.n7 + outputs.s14.n14,
    text: `${outputs.s5.n5}`,
  }))
  .step('s16', { dependsOn: ['s5', 's8', 's15'] }, ({ outputs }) => ({
    n16: outputs.s5.n5 + outputs.s8.n8 + outputs.s15.n15,
    text: `${outputs.s5.n5}`,
  }))
  .step('s17', { dependsOn: ['s5', 's8', 's16'] }, ({ outputs }) => ({
    n17: outputs.s5.n5 + outputs.s8.n8 + outputs.s16.n16,
    text: `${outputs.s5.n5}`,
  }))
  .step('s18', { dependsOn: ['s6', 's9', 's17'] }, ({ outputs }) => ({
    n18: outputs.s6.n6 + outputs.s9.n9 + outputs.s17.n17,
    text: `${outputs.s6.n6}`,
  }))
  .step('s19', { dependsOn: ['s6', 's9', 's18'] }, ({ outputs }) => ({
    n19: outputs.s6.n6 + outputs.s9.n9 + outputs.s18.n18,
    text: `${outputs.s6.n6}`,
  }))
  .step('s20', { dependsOn: ['s6', 's10', 's19'] }, ({ outputs }) => ({
    n20: outputs.s6.n6 + outputs.s10.n10 + outputs.s19.n19,
    text: `${outputs.s6.n6}`,
  }))
  .step(
    's21',
    { dependsOn: ['s7', 's10', 's20'], transactional: true },
    ({ outputs }) => ({
      n21: outputs.s7.n7 + outputs.s10.n10 + outputs.s20.n20,
      text: `${outputs.s7.n7}`,
    }),
  )
  .step('s22', { dependsOn: ['s7', 's11', 's21'] }, ({ outputs }) => ({
    n22: outputs.s7.n7 + outputs.s11.n11 + outputs.s21.n21,
    text: `${outputs.s7.n7}`,
  }))
  .step('s23', { dependsOn: ['s7', 's11', 's22'] }, ({ outputs }) => ({
    n23: outputs.s7.n7 + outputs.s11.n11 + outputs.s22.n22,
    text: `${outputs.s7.n7}`,
  }))
  .step('s24', { dependsOn: ['s8', 's12', 's23'] }, ({ outputs }) => ({
    n24: outputs.s8.n8 + outputs.s12.n12 + outputs.s23.n23,
    text: `${outputs.s8.n8}`,
  }))
  .step('s25', { dependsOn: ['s8', 's12', 's24'] }, ({ outputs }) => ({
    n25: outputs.s8.n8 + outputs.s12.n12 + outputs.s24.n24,
    text: `${outputs.s8.n8}`,
  }))
  .step('s26', { dependsOn: ['s8', 's13', 's25'] }, ({ outputs }) => ({
    n26: outputs.s8.n8 + outputs.s13.n13 + outputs.s25.n25,
    text: `${outputs.s8.n8}`,
  }))
  .step('s27', { dependsOn: ['s9', 's13', 's26'] }, ({ outputs }) => ({
    n27: outputs.s9.n9 + outputs.s13.n13 + outputs.s26.n26,
    text: `${outputs.s9.n9}`,
  }))
  .step(
    's28',
    { dependsOn: ['s9', 's14', 's27'], transactional: true },
    ({ outputs }) => ({
      n28: outputs.s9.n9 + outputs.s14.n14 + outputs.s27.n27,
      text: `${outputs.s9.n9}`,
    }),
  )
  .step('s29', { dependsOn: ['s9', 's14', 's28'] }, ({ outputs }) => ({
    n29: outputs.s9.n9 + outputs.s14.n14 + outputs.s28.n28,
    text: `${outputs.s9.n9}`,
  }))
  .step('s30', { dependsOn: ['s10', 's15', 's29'] }, ({ outputs }) => ({
    n30: outputs.s10.n10 + outputs.s15.n15 + outputs.s29.n29,
    text: `${outputs.s10.n10}`,
  }))
  .step('s31', { dependsOn: ['s10', 's15', 's30'] }, ({ outputs }) => ({
    n31: outputs.s10.n10 + outputs.s15.n15 + outputs.s30.n30,
    text: `${outputs.s10.n10}`,
  }))
  .step('s32', { dependsOn: ['s10', 's16', 's31'] }, ({ outputs }) => ({
    n32: outputs.s10.n10 + outputs.s16.n16 + outputs.s31.n31,
    text: `${outputs.s10.n10}`,
  }))
  .step('s33', { dependsOn: ['s11', 's16', 's32'] }, ({ outputs }) => ({
    n33: outputs.s11.n11 + outputs.s16.n16 + outputs.s32.n32,
    text: `${outputs.s11.n11}`,
  }))
  .step('s34', { dependsOn: ['s11', 's17', 's33'] }, ({ outputs }) => ({
    n34: outputs.s11.n11 + outputs.s17.n17 + outputs.s33.n33,
    text: `${outputs.s11.n11}`,
  }))
  .step(
    's35',
    { dependsOn: ['s11', 's17', 's34'], transactional: true },
    ({ outputs }) => ({
      n35: outputs.s11.n11 + outputs.s17.n17 + outputs.s34.n34,
      text: `${outputs.s11.n11}`,
    }),
  )
  .step('s36', { dependsOn: ['s12', 's18', 's35'] }, ({ outputs }) => ({
    n36: outputs.s12.n12 + outputs.s18.n18 + outputs.s35.n35,
    text: `${outputs.s12.n12}`,
  }))
  .step('s37', { dependsOn: ['s12', 's18', 's36'] }, ({ outputs }) => ({
    n37: outputs.s12.n12 + outputs.s18.n18 + outputs.s36.n36,
    text: `${outputs.s12.n12}`,
  }))
  .step('s38', { dependsOn: ['s12', 's19', 's37'] }, ({ outputs }) => ({
    n38: outputs.s12.n12 + outputs.s19.n19 + outputs.s37.n37,
    text: `${outputs.s12.n12}`,
  }))
  .step('s39', { dependsOn: ['s13', 's19', 's38'] }, ({ outputs }) => ({
    n39: outputs.s13.n13 + outputs.s19.n19 + outputs.s38.n38,
    text: `${outputs.s13.n13}`,
  }))
  .step('s40', { dependsOn: ['s13', 's20', 's39'] }, ({ outputs }) => ({
    n40: outputs.s13.n13 + outputs.s20.n20 + outputs.s39.n39,
    text: `${outputs.s13.n13}`,
  }))
  .step('s41', { dependsOn: ['s13', 's20', 's40'] }, ({ outputs }) => ({
    n41: outputs.s13.n13 + outputs.s20.n20 + outputs.s40.n40,
    text: `${outputs.s13.n13}`,
  }))
  .step(
    's42',
    { dependsOn: ['s14', 's21', 's41'], transactional: true },
    ({ outputs }) => ({
      n42: outputs.s14.n14 + outputs.s21.n21 + outputs.s41.n41,
      text: `${outputs.s14.n14}`,
    }),
  )
  .step('s43', { dependsOn: ['s14', 's21', 's42'] }, ({ outputs }) => ({
    n43: outputs.s14.n14 + outputs.s21.n21 + outputs.s42.n42,
    text: `${outputs.s14.n14}`,
  }))
  .step('s44', { dependsOn: ['s14', 's22', 's43'] }, ({ outputs }) => ({
    n44: outputs.s14.n14 + outputs.s22.n22 + outputs.s43.n43,
    text: `${outputs.s14.n14}`,
  }))
  .step('s45', { dependsOn: ['s15', 's22', 's44'] }, ({ outputs }) => ({
    n45: outputs.s15.n15 + outputs.s22.n22 + outputs.s44.n44,
    text: `${outputs.s15.n15}`,
  }))
  .step('s46', { dependsOn: ['s15', 's23', 's45'] }, ({ outputs }) => ({
    n46: outputs.s15.n15 + outputs.s23.n23 + outputs.s45.n45,
    text: `${outputs.s15.n15}`,
  }))
  .step('s47', { dependsOn: ['s15', 's23', 's46'] }, ({ outputs }) => ({
    n47: outputs.s15.n15 + outputs.s23.n23 + outputs.s46.n46,
    text: `${outputs.s15.n15}`,
  }))
  .step('s48', { dependsOn: ['s16', 's24', 's47'] }, ({ outputs }) => ({
    n48: outputs.s16.n16 + outputs.s24.n24 + outputs.s47.n47,
    text: `${outputs.s16.n16}`,
  }))
  .step(
    's49',
    { dependsOn: ['s16', 's24', 's48'], transactional: true },
    ({ outputs }) => ({
      n49: outputs.s16.n16 + outputs.s24.n24 + outputs.s48.n48,
      text: `${outputs.s16.n16}`,
    }),
  );
