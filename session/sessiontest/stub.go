// Themes to come.

package sessiontest

var inflightChecks, historyChecks, restoreChecks, sweepChecks, countChecks, faultChecks, secretChecks, managerChecks, loginChecks, modelChecks []check
